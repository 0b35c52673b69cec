#include "cli/result_xlsx.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/cli/result_example.h"

namespace cairn {
namespace {

// Prints what openpyxl, an independent reader, finds in a workbook.
constexpr char kReader[] = R"py(
import sys, zipfile, openpyxl
book = openpyxl.load_workbook(sys.argv[1])
print('sheets', *book.sheetnames)
print('title', book.properties.title)
sheet = book['Table']
for row in sheet.iter_rows():
    print('row', *[repr(c.value) for c in row if c.column <= 8])
for table in sheet.tables.values():
    print('table', table.name, table.ref, table.autoFilter,
          table.tableStyleInfo.name if table.tableStyleInfo else None)
print('merged', len(sheet.merged_cells.ranges), 'frozen', sheet.freeze_panes)
parts = zipfile.ZipFile(sys.argv[1])
print('formulas', sum(parts.read(n).count(b'<f') for n in parts.namelist()
                      if n.startswith('xl/worksheets/sheet')))
print('text cells', parts.read('xl/worksheets/sheet2.xml').count(b't="s"'))
print('fonts', *sorted({c.font.name for r in sheet.iter_rows() for c in r if c.value}))
for row in book['Cover_sheet'].iter_rows():
    print('cover', *[c.value for c in row])
)py";

std::string Output(const std::string& command) {
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  size_t size = 0;
  while ((size = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0) {
    out.append(buffer, size);
  }
  pclose(pipe);
  return out;
}

// A Python that has openpyxl; "" if none has.
std::string PythonWithOpenpyxl() {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    const std::string probe = absl::StrCat(
        python, " -c 'import openpyxl; print(\"yes\")' 2>/dev/null");
    if (Output(probe) == "yes\n") return python;
  }
  return "";
}

class ResultXlsx : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = absl::StrCat(testing::TempDir(), "/result_XXXXXX");
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
    python_ = PythonWithOpenpyxl();
  }
  void TearDown() override {
    for (const char* file : {"/t.xlsx", "/t.xlsx.part", "/read.py"}) {
      std::remove(absl::StrCat(dir_, file).c_str());
    }
    rmdir(dir_.c_str());
  }
  std::string Path() const { return absl::StrCat(dir_, "/t.xlsx"); }
  std::string ReadBack() const {
    const std::string script = absl::StrCat(dir_, "/read.py");
    std::ofstream(script) << kReader;
    return Output(absl::StrCat(python_, " '", script, "' '", Path(), "' 2>&1"));
  }

  std::string dir_;
  std::string python_;
};

#define REQUIRE_OPENPYXL()                                                  \
  if (python_.empty()) {                                                    \
    GTEST_SKIP() << "no Python with openpyxl here, so nothing independent " \
                    "can read the workbook back (apt: python3-openpyxl)";   \
  }

TEST_F(ResultXlsx, HoldsTheTidyTableWithNumbersAsNumbers) {
  REQUIRE_OPENPYXL();
  ASSERT_TRUE(WriteResultXlsx(ExampleResult(), Path()).ok());
  const std::string read = ReadBack();
  EXPECT_NE(read.find("sheets Cover_sheet Table\n"), std::string::npos) << read;
  EXPECT_NE(
      read.find("row 'age_band' 'sex' 'measure' 'value' 'status' 'low' 'high'\n"
                "row '10-17' 'F' 'count' None 'suppressed' 0 7\n"
                "row '10-17' 'M' 'count' 340 'published' 338 342\n"
                "row '10-17' 'Total' 'count' None 'bounded' 338 349\n"
                "row '18-24' 'F' 'count' None 'bounded' 85 None\n"
                "row '18-24' 'M' 'count' None 'unavailable' 1200 None\n"
                "row '18-24' 'Total' 'count' None 'not_applicable' None None\n"
                "row 'Total' 'F' 'count' 0 'published' 0 2\n"),
      std::string::npos)
      << read;
}

TEST_F(ResultXlsx, FollowsTheSpreadsheetChecklist) {
  REQUIRE_OPENPYXL();
  ASSERT_TRUE(WriteResultXlsx(ExampleResult(), Path()).ok());
  const std::string read = ReadBack();
  for (const char* line :
       {"title police_offences: count by age_band and sex\n",
        "row 'police_offences: count by age_band and sex'",
        "row 'This worksheet contains one table.",
        "table result A3:G12 None None\n", "merged 0 frozen None\n",
        "fonts Arial\n", "cover where offence is Knife and age under 25\n",
        "cover Answered: police (1.2 s)\n",
        "cover Silent: council-cs: no answer in 30 s\n",
        "cover Note: police did not know the age of 4 % of the records\n",
        "cover suppressed: confidential."}) {
    EXPECT_NE(read.find(line), std::string::npos) << line << "\n" << read;
  }
}

TEST_F(ResultXlsx, NeverTurnsTextIntoAFormula) {
  REQUIRE_OPENPYXL();
  v1::Result result = SplitResult();
  result.mutable_row(0)->set_key(0, "=1+1");
  result.mutable_row(1)->set_agency("=HYPERLINK(\"http://x\")");
  result.mutable_row(2)->set_key(0, "{=SUM(A1)}");
  result.mutable_row(3)->set_key(0, "\x01\xFF<&>");
  result.set_dimension(0, "value");
  result.set_where_text("=1+1");
  ASSERT_TRUE(WriteResultXlsx(result, Path()).ok());
  const std::string read = ReadBack();
  EXPECT_NE(read.find("row '?"
                      "?<&>'"),
            std::string::npos)
      << read;
  EXPECT_NE(read.find("row 'value' 'agency' 'measure' 'value_'"),
            std::string::npos);
  // Two sentences, seven headers, and four words in each of four rows.
  EXPECT_NE(read.find("formulas 0\ntext cells 25\n"), std::string::npos)
      << read;
}

TEST_F(ResultXlsx, WritesABookWithoutRows) {
  REQUIRE_OPENPYXL();
  ASSERT_TRUE(WriteResultXlsx(v1::Result(), Path()).ok());
  EXPECT_NE(ReadBack().find("contains no table"), std::string::npos);
}

TEST_F(ResultXlsx, SaysWhenTheFileCannotBeWritten) {
  const std::string path = absl::StrCat(dir_, "/missing/t.xlsx");
  const absl::Status status = WriteResultXlsx(ExampleResult(), path);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_NE(std::string(status.message()).find(path), std::string::npos);
}

TEST_F(ResultXlsx, LeavesNothingHalfWritten) {
  ASSERT_TRUE(WriteResultXlsx(ExampleResult(), Path()).ok());
  EXPECT_NE(access(absl::StrCat(Path(), ".part").c_str(), F_OK), 0);
  EXPECT_EQ(access(Path().c_str(), R_OK), 0);
}

}  // namespace
}  // namespace cairn
