// The CSV reader: the same records or the same refusal whatever the size of
// its chunks, and what was read comes back from a file that is written of it.
#include "core/base/csv_reader.h"

#include <vector>

#include "absl/strings/match.h"
#include "core/base/utf8.h"
#include "tests/fuzz/fuzz_input.h"

namespace cairn {
namespace {

struct ReadFileResult {
  absl::Status status;
  std::vector<std::vector<std::string>> records;  // the header first
};

ReadFileResult ReadAll(const std::string& path, const CsvOptions& options) {
  ReadFileResult result;
  auto reader = CsvReader::Open(path, options);
  if (!reader.ok()) {
    result.status = reader.status();
    return result;
  }
  result.records.push_back((*reader)->header());
  std::vector<absl::string_view> fields;
  while (true) {
    const auto more = (*reader)->Next(&fields);
    result.status = more.status();
    if (!more.ok() || !*more) return result;
    Demand(fields.size() == (*reader)->header().size(),
           "a record has a field for each column");
    result.records.emplace_back(fields.begin(), fields.end());
    for (const auto& field : fields) {
      Demand(FirstInvalidUtf8(field) == absl::string_view::npos,
             "all text comes out as UTF-8");
    }
  }
}

std::string Written(const std::vector<std::vector<std::string>>& records) {
  std::string out;
  for (const auto& record : records) {
    for (size_t i = 0; i < record.size(); ++i) {
      out += i == 0 ? "\"" : ",\"";
      for (const char byte : record[i]) {
        out += byte == '"' ? "\"\"" : std::string(1, byte);
      }
      out += '"';
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace
}  // namespace cairn

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace cairn;
  if (size == 0) return 0;
  CsvOptions options;
  options.encoding = static_cast<CsvOptions::Encoding>(data[0] % 3);
  options.delimiter = ",;\t|"[data[0] / 3 % 4];
  const MemoryFile file(InputText(data + 1, size - 1));
  const ReadFileResult whole = ReadAll(file.path(), options);
  options.chunk_bytes = 1 + data[0] / 12;
  const ReadFileResult chunked = ReadAll(file.path(), options);
  Demand(whole.status.code() == chunked.status.code(),
         "the size of a chunk decides nothing");
  // Damage to a gzip file shows earlier or later; what came before it is void.
  const bool zipped =
      absl::StartsWith(InputText(data + 1, size - 1), "\x1f\x8b");
  if (zipped && !whole.status.ok()) return 0;
  Demand(whole.status == chunked.status && whole.records == chunked.records,
         "the size of a chunk changes nothing");
  if (!whole.status.ok()) return 0;
  const MemoryFile written(Written(whole.records));
  CsvOptions plain;
  plain.encoding = CsvOptions::kUtf8;
  const ReadFileResult again = ReadAll(written.path(), plain);
  // Escaping can push a field over the limit; nothing else may go wrong.
  if (!again.status.ok() && size > 100'000) return 0;
  Demand(again.status.ok() && again.records == whole.records,
         "what was read comes back from a file written of it");
  return 0;
}
