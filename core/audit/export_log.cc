#include "core/audit/export_log.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/base/status_macros.h"
#include "core/ledger/log_folder.h"
#include "core/ledger/note.h"
#include "core/ledger/verify_log.h"

namespace cairn {
namespace {

// Hands on what it reads, and writes it to the folder.
class CopyingReader : public LogReader {
 public:
  CopyingReader(const LogReader& files, const LogFolderWriter& folder)
      : files_(files), folder_(folder) {}
  absl::StatusOr<std::string> Read(const std::string& path) const override {
    CAIRN_ASSIGN_OR_RETURN(std::string bytes, files_.Read(path));
    CAIRN_RETURN_IF_ERROR(folder_.Write(path, bytes));
    return bytes;
  }

 private:
  const LogReader& files_;
  const LogFolderWriter& folder_;
};

absl::StatusOr<Checkpoint> Opened(const std::string& note) {
  CAIRN_ASSIGN_OR_RETURN(const Note parsed, ParseNote(note));
  return ParseCheckpointText(parsed.text);
}

constexpr char kReadme[] =
    R"(This folder is a copy of a ledger of Cairn.

  log       ORIGIN
  entries   SIZE
  root      ROOT

Each entry is one line of JSON: a question that was asked, a decision about it,
or an answer that left. Numbers of people and of cells are in no answer here,
and no record ever was. The entries are the leaves of a Merkle tree (RFC 6962);
the file `checkpoint` is the log's signature over its root. So nobody can change,
drop, reorder or add an entry without another root, and nobody can sign another
root without those noticing who kept an earlier checkpoint.

You need none of Cairn's programs to check it. Ten minutes:

1. THE KEY. Get the log's key from its owner by a way that does not pass through
   whoever gave you this folder: a letter, a meeting, the agreement. It is one
   line, NAME+ID+BASE64, and NAME is the log above. `keys.txt` has what the
   exporter says the keys are; a key taken from here alone proves nothing.

2. THE FILES (tlog-tiles, https://c2sp.org/tlog-tiles):
     checkpoint             what was signed
     tile/0/000 ...         hashes of the entries, 32 bytes each, 256 to a file
     tile/1/000 ...         hashes of 256 entries each, and so on
     tile/entries/000 ...   the entries, each after its length in two bytes
     cosigned/              checkpoints that others signed earlier, if any
     policy/                policies that the log names, if any

3. READ IT. Any entry, with the Python of any Linux machine:

     python3 - <<'END'
     import glob, struct
     for name in sorted(glob.glob("tile/entries/**/*", recursive=True)):
         try: data = open(name, "rb").read()
         except IsADirectoryError: continue
         while data:
             size, = struct.unpack(">H", data[:2])
             print(data[2:2 + size].decode()); data = data[2 + size:]
     END

   With jq you can ask it questions: ... | jq -r 'select(.type=="query.received")'

4. THE TREE, with sha256sum. The hash of an entry is SHA-256 of a zero byte and
   its line; entry 0 and its hash in tile/0:

     python3 -c 'import sys; d=open(sys.argv[1],"rb").read(); \
       sys.stdout.buffer.write(b"\0"+d[2:2+d[0]*256+d[1]])' ENTRIES0 | sha256sum
     head -c 32 HASHES0 | xxd -p -c 32

   The two lines say the same. A pair of hashes makes the one above it: SHA-256
   of a one byte, the left, the right; and so on up to the root (step 5 does).

5. ALL OF IT, with Go and the library of Go's own checksum database
   (golang.org/x/mod/sumdb; on Debian: apt-get install golang-go
   golang-golang-x-mod-dev). Save the program at the end as check.go; then

     GO111MODULE=off GOPATH=/usr/share/gocode go run check.go . 'THE KEY'

   It opens the checkpoint with the key, makes the tree again from every entry,
   and says the number of entries, or what is wrong. Cairn's sources have a
   verifier in 200 lines of Python as well, tests/vectors/verify_log.py, which
   checks cosignatures and kept checkpoints too; docs/ledger-format.md is enough
   to write your own.

6. KEEP `checkpoint`. With your copy, next year's export shows whether it goes
   on from this one: its first SIZE entries must give this root.

7. IF YOU HAVE CAIRN:  cairn audit verify . --log 'THE KEY' --older KEPT
   and to hold it against the other side's ledger:  cairn audit reconcile

What this does not prove: that an entry is true, or that everything was written
down. For that, both sides' ledgers are held against one another (reconcile).

POLICIES---- check.go ----
package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func die(words ...interface{}) {
	fmt.Fprintln(os.Stderr, append([]interface{}{"FAILED:"}, words...)...)
	os.Exit(1)
}

func bundlePath(n, w int64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	if w < 256 {
		path += fmt.Sprintf(".p/%d", w)
	}
	return "tile/entries/" + path
}

func main() {
	if len(os.Args) != 3 {
		die("usage: check FOLDER KEY")
	}
	key, err := note.NewVerifier(os.Args[2])
	if err != nil {
		die(err)
	}
	text, err := os.ReadFile(os.Args[1] + "/checkpoint")
	if err != nil {
		die(err)
	}
	opened, err := note.Open(text, note.VerifierList(key))
	if err != nil {
		die(err)
	}
	lines := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || lines[0] != key.Name() {
		die("not a checkpoint of", key.Name())
	}
	var hashes []tlog.Hash
	read := tlog.HashReaderFunc(func(at []int64) ([]tlog.Hash, error) {
		var out []tlog.Hash
		for _, i := range at {
			out = append(out, hashes[i])
		}
		return out, nil
	})
	for n := int64(0); n < size; n += 256 {
		w := size - n
		if w > 256 {
			w = 256
		}
		data, err := os.ReadFile(os.Args[1] + "/" + bundlePath(n/256, w))
		if err != nil {
			die(err)
		}
		for i := n; i < n+w; i++ {
			if len(data) < 2 || len(data) < 2+int(data[0])<<8+int(data[1]) {
				die("entry", i, "is cut short")
			}
			end := 2 + int(data[0])<<8 + int(data[1])
			more, err := tlog.StoredHashes(i, data[2:end], read)
			if err != nil {
				die(err)
			}
			hashes = append(hashes, more...)
			data = data[end:]
		}
		if len(data) > 0 {
			die("something follows entry", n+w-1)
		}
	}
	root, err := tlog.TreeHash(size, read)
	if err != nil {
		die(err)
	}
	if base64.StdEncoding.EncodeToString(root[:]) != lines[2] {
		die("the entries are not those that were signed for")
	}
	fmt.Println("OK:", size, "entries of", key.Name())
}
)";

}  // namespace

std::string ExportReadme(const Checkpoint& checkpoint,
                         const ExportExtras& extras) {
  const std::string text = checkpoint.Text();
  const size_t second = text.find('\n', checkpoint.origin.size() + 1);
  const std::string root = text.substr(second + 1, text.size() - second - 2);
  const uint64_t first_width = std::min<uint64_t>(checkpoint.size, kTileWidth);
  return absl::StrReplaceAll(
      kReadme,
      {{"ORIGIN", checkpoint.origin},
       {"SIZE", absl::StrCat(checkpoint.size)},
       {"ROOT", root},
       {"ENTRIES0", BundlePath(0, std::max<uint64_t>(first_width, 1))},
       {"HASHES0", TilePath(0, 0, std::max<uint64_t>(first_width, 1))},
       {"POLICIES",
        extras.policies.empty()
            ? ""
            : "Each file in policy/ is named by its own SHA-256 (sha256sum "
              "shows it), which\nis the name by which the log speaks of it. "
              "Its "
              "bytes are a DisclosurePolicy message\nof Cairn's "
              "(proto/cairn/v1/policy.proto).\n\n"}});
}

absl::StatusOr<Checkpoint> ExportLog(const LogReader& files,
                                     const ExportExtras& extras,
                                     const std::string& folder) {
  CAIRN_ASSIGN_OR_RETURN(const std::string note, files.Read("checkpoint"));
  CAIRN_ASSIGN_OR_RETURN(Checkpoint checkpoint, Opened(note));
  CAIRN_ASSIGN_OR_RETURN(const LogFolderWriter writer,
                         LogFolderWriter::Create(folder));
  CAIRN_RETURN_IF_ERROR(
      VerifyLogFiles(CopyingReader(files, writer), checkpoint, {},
                     [](const ParsedEntry&) { return absl::OkStatus(); }));
  if (!extras.keys.empty()) {
    CAIRN_RETURN_IF_ERROR(writer.Write("keys.txt", extras.keys));
  }
  for (const std::string& cosigned : extras.cosigned) {
    CAIRN_ASSIGN_OR_RETURN(const Checkpoint old, Opened(cosigned));
    if (old.size > checkpoint.size) continue;  // signed since
    CAIRN_RETURN_IF_ERROR(
        writer.Write(absl::StrCat("cosigned/", old.size, ".txt"), cosigned));
  }
  for (const auto& [digest, bytes] : extras.policies) {
    CAIRN_RETURN_IF_ERROR(
        writer.Write(absl::StrCat("policy/", digest, ".binpb"), bytes));
  }
  CAIRN_RETURN_IF_ERROR(
      writer.Write("README.txt", ExportReadme(checkpoint, extras)));
  CAIRN_RETURN_IF_ERROR(writer.Finish(note));
  return checkpoint;
}

}  // namespace cairn
