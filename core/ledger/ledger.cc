#include "core/ledger/ledger.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/base/digest.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr size_t kMaxEntryBytes = 16 * 1024;

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", std::string(1, c));
    } else if (byte < 0x20) {
      absl::StrAppend(&out, absl::StrFormat("\\u%04x", byte));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
  return out;
}

}  // namespace

std::string EntryLine(const Entry& entry, uint64_t index, int64_t time_ms) {
  std::string line =
      absl::StrCat("{\"v\":1,\"seq\":", index, ",\"t\":", time_ms,
                   ",\"type\":", Quoted(entry.type));
  if (!entry.query_id.empty()) {
    absl::StrAppend(&line, ",\"qid\":", Quoted(entry.query_id));
  }
  for (const auto& [name, value] : entry.fields) {
    absl::StrAppend(&line, ",", Quoted(name), ":",
                    std::holds_alternative<int64_t>(value)
                        ? absl::StrCat(std::get<int64_t>(value))
                        : Quoted(std::get<std::string>(value)));
  }
  line.push_back('}');
  return line;
}

std::string EntryHash(const std::string& line) {
  return Sha256(std::string(1, '\0') + line);
}

absl::StatusOr<std::unique_ptr<Ledger>> Ledger::Open(LedgerStore* store,
                                                     const Clock* clock) {
  CAIRN_ASSIGN_OR_RETURN(const uint64_t size, store->Size());
  return std::unique_ptr<Ledger>(new Ledger(store, clock, size));
}

absl::StatusOr<Receipt> Ledger::Append(const Entry& entry) {
  return Append({entry}, [] { return absl::OkStatus(); });
}

absl::StatusOr<Receipt> Ledger::Append(
    const std::vector<Entry>& entries,
    absl::FunctionRef<absl::Status()> same_commit) {
  if (entries.empty()) {
    return absl::InvalidArgumentError("no entry was given to the ledger");
  }
  MutexLock lock(&mutex_);
  if (!failed_.ok()) return failed_;
  // Time never goes back within a log.
  last_ms_ = std::max(last_ms_, absl::ToUnixMillis(clock_->Now()));
  std::vector<LedgerStore::Line> lines;
  for (const Entry& entry : entries) {
    const uint64_t index = size_ + lines.size();
    std::string text = EntryLine(entry, index, last_ms_);
    if (text.size() > kMaxEntryBytes) {
      return absl::InvalidArgumentError(
          "a ledger entry is larger than 16 KiB; it was not written");
    }
    std::string hash = EntryHash(text);
    lines.push_back({index, std::move(text), std::move(hash)});
  }
  absl::Status inner;
  const absl::Status written = store_->Append(lines, [&] {
    inner = same_commit();
    return inner;
  });
  if (!inner.ok()) return inner;
  if (!written.ok()) {
    failed_ = absl::InternalError(absl::StrCat(
        "the ledger could not be written, so nothing more is answered: ",
        written.message()));
    return failed_;
  }
  size_ += lines.size();
  return Receipt{lines.back().index, lines.back().hash};
}

uint64_t Ledger::size() const {
  MutexLock lock(&mutex_);
  return size_;
}

absl::StatusOr<uint64_t> Ledger::Verify() const {
  uint64_t expected = 0;
  CAIRN_RETURN_IF_ERROR(store_->Read(0, [&](const LedgerStore::Line& line) {
    const std::string start =
        absl::StrCat("{\"v\":1,\"seq\":", line.index, ",");
    if (line.index != expected) {
      return absl::DataLossError(
          absl::StrCat("entry ", expected, " is missing"));
    }
    if (EntryHash(line.text) != line.hash ||
        !absl::StartsWith(line.text, start)) {
      return absl::DataLossError(
          absl::StrCat("entry ", line.index, " was altered"));
    }
    ++expected;
    return absl::OkStatus();
  }));
  return expected;
}

}  // namespace cairn
