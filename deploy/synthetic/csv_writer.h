#ifndef CAIRN_DEPLOY_SYNTHETIC_CSV_WRITER_H_
#define CAIRN_DEPLOY_SYNTHETIC_CSV_WRITER_H_

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace cairn::synthetic {

// The local shape of a file.
struct CsvShape {
  char delimiter = ',';
  const char* line_end = "\n";
  bool byte_order_mark = false;
  bool quote_all = false;
};

// Writes one CSV file. Failures to open or write are kept and returned by
// Close, so that the code that makes rows reads straight on.
class CsvWriter {
 public:
  CsvWriter(std::string path, const CsvShape& shape,
            const std::vector<std::string_view>& header);
  CsvWriter(const CsvWriter&) = delete;
  CsvWriter& operator=(const CsvWriter&) = delete;
  ~CsvWriter();

  CsvWriter& Field(std::string_view text);
  CsvWriter& Field(int64_t number);
  void EndRow();
  // Writes the last row once more, byte for byte.
  void RepeatRow();
  int64_t rows() const { return rows_; }

  // Empty if the file is whole on disk, else what went wrong.
  std::string Close();

 private:
  void Append();

  std::string path_;
  CsvShape shape_;
  std::FILE* file_;
  bool failed_ = false;
  std::string row_;
  std::string buffer_;
  int64_t rows_ = 0;
  bool row_started_ = false;
};

}  // namespace cairn::synthetic

#endif  // CAIRN_DEPLOY_SYNTHETIC_CSV_WRITER_H_
