#include "core/base/csv_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

// What bytes 0x80 to 0x9F mean in Windows-1252, from the Unicode Consortium's
// CP1252.TXT; 0xFFFD where it has nothing. Above them it is Latin-1.
constexpr uint16_t kWindows1252[32] = {
    0x20AC, 0xFFFD, 0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
    0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0xFFFD, 0x017D, 0xFFFD,
    0xFFFD, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
    0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0xFFFD, 0x017E, 0x0178};

constexpr char kLongRecord[] = "the row is over 16 MiB; close its quotes";
constexpr char kTooManyFields[] =
    "the row has more than 10,000 fields, the limit; check the delimiter";
constexpr char kNulByte[] =
    "there is a NUL byte; if the file is in UTF-16, save it as CSV in UTF-8";
constexpr char kLoneCarriageReturn[] =
    "a carriage return has no line feed; save it with Windows or Unix line "
    "ends";
constexpr char kTextAfterQuote[] =
    "there is text after a closing quote; double the quotes inside a field";
constexpr char kDamaged[] =
    "the gzip data is damaged at or after this line; copy the file again";
constexpr char kEndsEarly[] =
    "the gzip data ends early, at or after this line; copy the file again";

absl::string_view LongField(bool quoted) {
  return quoted ? "the quoted field that starts on this line is longer than "
                  "1 MiB; look for a missing closing quote"
                : "a field is longer than 1 MiB; check the delimiter";
}

uint8_t Byte(char c) { return static_cast<uint8_t>(c); }

void AppendWindows1252(absl::string_view text, std::string* out) {
  for (char c : text) {
    const uint32_t byte = Byte(c);
    const bool special = byte >= 0x80 && byte < 0xA0;
    const uint32_t code = special ? kWindows1252[byte - 0x80] : byte;
    if (code >= 0x800) {
      out->push_back(static_cast<char>(0xE0 | (code >> 12)));
      out->push_back(static_cast<char>(0x80 | ((code >> 6) & 0x3F)));
    } else if (code >= 0x80) {
      out->push_back(static_cast<char>(0xC0 | (code >> 6)));
    }
    out->push_back(code < 0x80 ? c : static_cast<char>(0x80 | (code & 0x3F)));
  }
}

bool IsAscii(absl::string_view text) {
  uint64_t seen = 0;
  for (; text.size() >= 8; text.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, text.data(), 8);
    seen |= word;
  }
  for (char c : text) seen |= Byte(c);
  return (seen & 0x8080808080808080u) == 0;
}

// Well-formed UTF-8 by table 3-7 of the Unicode Standard.
bool IsUtf8(absl::string_view text) {
  for (size_t i = 0, size = 1; i < text.size(); i += size) {
    const uint8_t first = Byte(text[i]);
    size = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    if (size == 1) continue;
    if (first < 0xC2 || first > 0xF4 || size > text.size() - i) return false;
    const uint8_t low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const uint8_t high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (Byte(text[i + 1]) < low || Byte(text[i + 1]) > high) return false;
    for (size_t k = 2; k < size; ++k) {
      if ((Byte(text[i + k]) & 0xC0) != 0x80) return false;
    }
  }
  return true;
}

// Makes "" into " within the field's own bytes: it only gets shorter.
absl::string_view Undouble(absl::string_view field, char* bytes) {
  size_t size = 0;
  for (size_t i = 0; i < field.size(); i += field[i] == '"' ? 2 : 1) {
    bytes[size++] = field[i];
  }
  return absl::string_view(bytes, size);
}

absl::Status Unreadable(int error) {
  return absl::InvalidArgumentError(absl::StrCat(
      "the file cannot be read (", std::strerror(error),
      "); check its permissions and that it is a file, not a folder"));
}

}  // namespace

// The bytes of a file, unpacked if they are gzip. zlib's own gzread() would
// ignore whatever follows the first member and is not a member, so half of a
// damaged file could be lost in silence; this reports it.
class CsvReader::Source {
 public:
  static absl::StatusOr<std::unique_ptr<Source>> Open(const std::string& path) {
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
      return absl::NotFoundError("there is no such file; check the path");
    }
    if (file < 0) return Unreadable(errno);
    auto source = absl::WrapUnique(new Source(file));
    CAIRN_RETURN_IF_ERROR(source->Start());
    return source;
  }

  Source(const Source&) = delete;
  ~Source() {
    if (gzip_) inflateEnd(&stream_);
    close(file_);
  }

  // Fills up to `size` bytes, at least one unless the file is at its end.
  absl::StatusOr<size_t> Read(char* out, size_t size) {
    if (gzip_) return Unpack(out, size);
    if (stream_.avail_in == 0) CAIRN_RETURN_IF_ERROR(Load());
    const size_t taken = std::min<size_t>(size, stream_.avail_in);
    std::memcpy(out, stream_.next_in, taken);
    stream_.next_in += taken;
    stream_.avail_in -= static_cast<uInt>(taken);
    return taken;
  }

  double fraction_read() const {
    const auto used = static_cast<double>(bytes_read_ - stream_.avail_in);
    return file_bytes_ > 0 ? std::min(used / file_bytes_, 1.0) : 0;
  }

 private:
  explicit Source(int file) : file_(file), raw_(size_t{128} * 1024) {}

  absl::Status Start() {
    struct stat about;
    if (fstat(file_, &about) != 0) return Unreadable(errno);
    const bool regular = S_ISREG(about.st_mode);
    file_bytes_ = regular ? static_cast<double>(about.st_size) : 0;
    CAIRN_RETURN_IF_ERROR(Load());
    if (stream_.avail_in == 1) CAIRN_RETURN_IF_ERROR(Load());  // from a pipe
    const absl::string_view start(raw_.data(), stream_.avail_in);
    if (start == "\x1F") return absl::InvalidArgumentError(kEndsEarly);
    if (start.substr(0, 2) != "\x1F\x8B") return absl::OkStatus();
    if (inflateInit2(&stream_, 16 + MAX_WBITS) != Z_OK) {
      return absl::InvalidArgumentError("there is no memory to unpack gzip");
    }
    gzip_ = in_member_ = true;
    return absl::OkStatus();
  }

  // Reads more of the file; only Start() has a byte at hand when it does.
  absl::Status Load() {
    ssize_t got;
    do {
      got = read(file_, raw_.data() + stream_.avail_in, raw_.size() - 1);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return Unreadable(errno);
    bytes_read_ += static_cast<uint64_t>(got);
    stream_.next_in = reinterpret_cast<Bytef*>(raw_.data());
    stream_.avail_in += static_cast<uInt>(got);
    return absl::OkStatus();
  }

  absl::StatusOr<size_t> Unpack(char* out, size_t size) {
    stream_.next_out = reinterpret_cast<Bytef*>(out);
    stream_.avail_out = static_cast<uInt>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) CAIRN_RETURN_IF_ERROR(Load());
      if (stream_.avail_in == 0) break;
      if (!in_member_ && !StartMember()) continue;
      const int result = inflate(&stream_, Z_NO_FLUSH);
      if (result == Z_STREAM_END) in_member_ = false;
      if (result != Z_OK && result != Z_STREAM_END) {
        return absl::InvalidArgumentError(kDamaged);
      }
    }
    const size_t got = size - stream_.avail_out;
    if (got == 0 && in_member_) return absl::InvalidArgumentError(kEndsEarly);
    return got;
  }

  // Passes over one NUL byte, with which tapes and some tools pad the end, or
  // begins another member, which inflate() refuses if it is not one.
  bool StartMember() {
    if (*stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
      return false;
    }
    in_member_ = inflateReset(&stream_) == Z_OK;
    return true;
  }

  const int file_;
  double file_bytes_ = 0;  // 0 if not known
  uint64_t bytes_read_ = 0;
  std::vector<char> raw_;
  z_stream stream_{};
  bool gzip_ = false;
  bool in_member_ = false;
};

CsvReader::CsvReader(const std::string& path, const CsvOptions& options,
                     std::unique_ptr<Source> source)
    : path_(path),
      options_(options),
      source_(std::move(source)),
      buffer_(options.chunk_bytes + 1) {
  stops_[0] = stops_['\n'] = stops_['\r'] = true;
  stops_[Byte(options.delimiter)] = true;
}

CsvReader::~CsvReader() = default;

absl::StatusOr<std::unique_ptr<CsvReader>> CsvReader::Open(
    const std::string& path, const CsvOptions& options) {
  const char mark = options.delimiter;
  const bool printable = mark == '\t' || absl::ascii_isprint(Byte(mark));
  if (!printable || mark == '"' || options.chunk_bytes == 0) {
    constexpr char kWhy[] = ": the delimiter must be a tab or printable ASCII";
    return absl::InvalidArgumentError(absl::StrCat(path, kWhy));
  }
  auto source = Source::Open(path);
  if (!source.ok()) {
    const auto why = absl::StrCat(path, ": ", source.status().message());
    return absl::Status(source.status().code(), why);
  }
  auto reader =
      absl::WrapUnique(new CsvReader(path, options, *std::move(source)));
  CAIRN_RETURN_IF_ERROR(reader->ReadHeader());
  return reader;
}

absl::Status CsvReader::Fail(uint64_t line, absl::string_view why) {
  const std::string where = absl::StrCat(path_, ":", line, ": ");
  return failure_ = absl::InvalidArgumentError(absl::StrCat(where, why));
}

double CsvReader::fraction_read() const {
  return at_end_of_file_ && begin_ == end_ ? 1 : source_->fraction_read();
}

absl::Status CsvReader::SkipByteOrderMark() {
  while (end_ < 3 && !at_end_of_file_) CAIRN_RETURN_IF_ERROR(Fill());
  const absl::string_view start(begin(), std::min<size_t>(end_, 3));
  const absl::string_view two = start.substr(0, 2);
  if (two == "\xFF\xFE" || two == "\xFE\xFF") {
    return Fail(1, "the file is in UTF-16; save it as CSV in UTF-8");
  }
  if (start == "\xEF\xBB\xBF") begin_ = 3;
  return absl::OkStatus();
}

absl::Status CsvReader::ReadHeader() {
  CAIRN_RETURN_IF_ERROR(SkipByteOrderMark());
  CAIRN_ASSIGN_OR_RETURN(const uint64_t blank_lines, SkipBlankLines());
  std::vector<absl::string_view> names;
  CAIRN_ASSIGN_OR_RETURN(const bool found, ReadRecord(&names));
  if (!found) {
    constexpr char kWhy[] = ": the file is empty; it must name its columns";
    return absl::InvalidArgumentError(absl::StrCat(path_, kWhy));
  }
  if (blank_lines > 0) {
    return Fail(1, "the first line is blank; it must name the columns");
  }
  for (absl::string_view name : names) header_.emplace_back(name);
  return CheckNames();
}

absl::Status CsvReader::CheckNames() {
  absl::flat_hash_map<absl::string_view, size_t> seen;
  for (size_t i = 0; i < header_.size(); ++i) {
    if (absl::StripAsciiWhitespace(header_[i]).empty()) {
      return Fail(line_, absl::StrCat("column ", i + 1, " has no name"));
    }
    const auto [first, is_new] = seen.try_emplace(header_[i], i);
    if (is_new) continue;
    const auto both = absl::StrCat(first->second + 1, " and ", i + 1);
    return Fail(line_, absl::StrCat("columns ", both, " have the same name"));
  }
  return absl::OkStatus();
}

// Stops before the next record. Looks ahead no further than it must, because
// only a record behind blank lines makes them more than the end of the file.
absl::StatusOr<uint64_t> CsvReader::SkipBlankLines() {
  uint64_t count = 0;
  for (;;) {
    const char* next = begin();
    if (next != end() && *next == '\r') ++next;
    if (next == end() && !at_end_of_file_) {
      CAIRN_RETURN_IF_ERROR(Fill());
      continue;
    }
    if (next == end() || *next != '\n') return count;
    begin_ += static_cast<size_t>(next + 1 - begin());
    ++count;
    ++next_line_;
  }
}

absl::StatusOr<bool> CsvReader::Next(std::vector<absl::string_view>* fields) {
  if (!failure_.ok()) return failure_;
  if (blank_records_ == 0) {
    CAIRN_ASSIGN_OR_RETURN(const uint64_t blank_lines, SkipBlankLines());
    if (begin_ == end_) return false;
    if (blank_lines > 0 && header_.size() > 1) {
      return Fail(next_line_ - blank_lines,
                  "the line is blank but rows follow it; remove the line");
    }
    blank_records_ = blank_lines;
  }
  if (blank_records_ > 0) {
    line_ = next_line_ - blank_records_;
    --blank_records_;
    fields->assign(1, absl::string_view());
    return true;
  }
  CAIRN_RETURN_IF_ERROR(ReadRecord(fields).status());
  if (fields->size() == header_.size()) return true;
  const auto counts = absl::StrCat(fields->size(), " fields found, ",
                                   header_.size(), " expected");
  return Fail(line_, absl::StrCat(counts, "; check quotes and delimiters"));
}

absl::StatusOr<bool> CsvReader::ReadRecord(
    std::vector<absl::string_view>* fields) {
  for (;;) {
    Scanned scanned = Scanned::kNeedMore;
    if (begin_ != end_) {
      scanned = Scan(fields);
    } else if (at_end_of_file_) {
      return false;
    }
    if (scanned == Scanned::kFailed) return failure_;
    if (scanned == Scanned::kRecord) break;
    CAIRN_RETURN_IF_ERROR(Fill());
  }
  line_ = next_line_;
  next_line_ += newlines_ + 1;
  CAIRN_RETURN_IF_ERROR(Finish(fields));
  begin_ += record_bytes_;
  return true;
}

// Moves the unread bytes to the front of the buffer and reads more behind
// them. The buffer doubles when they fill half of it, so that a long record
// costs no more than a few scans.
absl::Status CsvReader::Fill() {
  const size_t kept = end_ - begin_;
  std::memmove(buffer_.data(), buffer_.data() + begin_, kept);
  begin_ = 0;
  end_ = kept;
  if (kept > (buffer_.size() - 1) / 2) buffer_.resize(2 * buffer_.size());
  while (end_ + 1 < buffer_.size() && !at_end_of_file_) {
    char* rest = buffer_.data() + end_;
    const auto got = source_->Read(rest, buffer_.size() - 1 - end_);
    if (!got.ok()) return Fail(next_line_, got.status().message());
    end_ += *got;
    at_end_of_file_ = *got == 0;
  }
  buffer_[end_] = '\0';
  return absl::OkStatus();
}

// Finds the fields of the record at begin_ without changing a byte, so that it
// can start again when there are more of them to see.
CsvReader::Scanned CsvReader::Scan(std::vector<absl::string_view>* fields) {
  fields->clear();
  doubled_.clear();
  newlines_ = 0;
  const char* p = begin();
  for (;;) {
    const uint64_t line = next_line_ + newlines_;
    const char* field = p;
    const bool quoted = *p == '"';
    if (quoted) {
      const Scanned scanned = ScanQuoted(&p, fields);
      if (scanned != Scanned::kRecord) return scanned;
    } else {
      while (!stops_[Byte(*p)]) ++p;
      fields->emplace_back(field, static_cast<size_t>(p - field));
    }
    const bool too_long = fields->back().size() > kMaxFieldBytes;
    if (too_long) return Refuse(line, LongField(quoted));
    if (fields->size() > kMaxColumns) return Refuse(next_line_, kTooManyFields);
    if (*p != options_.delimiter) {
      const char* last = *p == '\r' ? p + 1 : p;
      if (last == end() && !at_end_of_file_)
        return NeedMore(field, line, quoted);
      if (*last != '\n' && p != end()) return Misplaced(*p);
      p = p == end() ? p : last + 1;
      break;
    }
    ++p;
  }
  record_bytes_ = static_cast<size_t>(p - begin());
  if (record_bytes_ > kMaxRecordBytes) return Refuse(next_line_, kLongRecord);
  return Scanned::kRecord;
}

// Takes `cursor` from the opening quote to behind the closing one.
CsvReader::Scanned CsvReader::ScanQuoted(
    const char** cursor, std::vector<absl::string_view>* fields) {
  const uint64_t line = next_line_ + newlines_;
  const char* field = *cursor;
  const char* p = field + 1;
  bool doubled = false;
  for (;;) {
    while (*p != '"' && *p != '\n' && *p != '\0') ++p;
    if (*p == '\n') {
      ++newlines_;
      ++p;
      continue;
    }
    if (*p == '\0' && p != end()) return Misplaced('\0');
    const bool at_end = p == end() || p + 1 == end();
    if (at_end && !at_end_of_file_) return NeedMore(field, line, true);
    if (p == end()) return Refuse(line, "the quote here is never closed");
    if (p[1] != '"') break;
    doubled = true;
    p += 2;
  }
  if (doubled) doubled_.push_back(fields->size());
  fields->emplace_back(field + 1, static_cast<size_t>(p - field - 1));
  *cursor = p + 1;
  return Scanned::kRecord;
}

CsvReader::Scanned CsvReader::NeedMore(const char* field, uint64_t line,
                                       bool quoted) {
  // Two quotes and a carriage return may be there beside the field itself.
  const auto field_bytes = static_cast<size_t>(end() - field);
  if (field_bytes > kMaxFieldBytes + 3) return Refuse(line, LongField(quoted));
  if (end_ - begin_ > kMaxRecordBytes) return Refuse(next_line_, kLongRecord);
  return Scanned::kNeedMore;
}

// `byte` ends a field but may not stand there.
CsvReader::Scanned CsvReader::Misplaced(char byte) {
  const char* why = byte == '\r' ? kLoneCarriageReturn : kTextAfterQuote;
  return Refuse(next_line_ + newlines_, byte == '\0' ? kNulByte : why);
}

CsvReader::Scanned CsvReader::Refuse(uint64_t line, absl::string_view why) {
  return Fail(line, why).ok() ? Scanned::kRecord : Scanned::kFailed;
}

// Turns a scanned record, now whole, into the text that it stands for.
absl::Status CsvReader::Finish(std::vector<absl::string_view>* fields) {
  for (size_t i : doubled_) {
    absl::string_view& field = (*fields)[i];
    field = Undouble(field, &buffer_[field.data() - buffer_.data()]);
  }
  const absl::string_view record(begin(), record_bytes_);
  return IsAscii(record) ? absl::OkStatus() : Decode(fields);
}

absl::Status CsvReader::Decode(std::vector<absl::string_view>* fields) {
  decoded_.clear();
  decoded_.reserve(3 * record_bytes_);  // at most 3 bytes for 1: never moves
  for (size_t i = 0; i < fields->size(); ++i) {
    absl::string_view& field = (*fields)[i];
    if (IsAscii(field)) continue;
    if (options_.encoding != CsvOptions::kWindows1252) {
      if (IsUtf8(field)) continue;
      if (options_.encoding == CsvOptions::kUtf8) {
        return Fail(line_,
                    absl::StrCat("column ", i + 1, " is not valid UTF-8"));
      }
    }
    const size_t start = decoded_.size();
    AppendWindows1252(field, &decoded_);
    field = absl::string_view(decoded_).substr(start);
  }
  return absl::OkStatus();
}

}  // namespace cairn
