#include "deploy/synthetic/csv_writer.h"

#include <cerrno>
#include <cstring>
#include <utility>

namespace cairn::synthetic {
namespace {

constexpr size_t kFlushBytes = size_t{1} << 18;

}  // namespace

CsvWriter::CsvWriter(std::string path, const CsvShape& shape,
                     const std::vector<std::string_view>& header)
    : path_(std::move(path)),
      shape_(shape),
      file_(std::fopen(path_.c_str(), "wb")) {
  if (shape_.byte_order_mark) buffer_ = "\xEF\xBB\xBF";
  for (const std::string_view name : header) Field(name);
  EndRow();
  rows_ = 0;
}

CsvWriter::~CsvWriter() {
  if (file_ != nullptr) std::fclose(file_);
}

CsvWriter& CsvWriter::Field(std::string_view text) {
  if (!row_started_) row_.clear();
  if (row_started_) row_ += shape_.delimiter;
  row_started_ = true;
  const char special[] = {shape_.delimiter, '"', '\r', '\n', '\0'};
  if (!shape_.quote_all &&
      text.find_first_of(special) == std::string_view::npos) {
    row_ += text;
    return *this;
  }
  row_ += '"';
  for (const char c : text) {
    if (c == '"') row_ += '"';
    row_ += c;
  }
  row_ += '"';
  return *this;
}

CsvWriter& CsvWriter::Field(int64_t number) {
  return Field(std::to_string(number));
}

void CsvWriter::EndRow() {
  row_ += shape_.line_end;
  row_started_ = false;
  Append();
}

void CsvWriter::RepeatRow() { Append(); }

void CsvWriter::Append() {
  buffer_ += row_;
  ++rows_;
  if (buffer_.size() < kFlushBytes || file_ == nullptr) return;
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size()) {
    failed_ = true;
  }
  buffer_.clear();
}

std::string CsvWriter::Close() {
  if (file_ == nullptr) {
    return "cannot create " + path_ + ": " + std::strerror(errno);
  }
  if (std::fwrite(buffer_.data(), 1, buffer_.size(), file_) != buffer_.size()) {
    failed_ = true;
  }
  buffer_.clear();
  if (std::fclose(file_) != 0) failed_ = true;
  file_ = nullptr;
  if (failed_) return "cannot write " + path_ + ": is the disk full?";
  return "";
}

}  // namespace cairn::synthetic
