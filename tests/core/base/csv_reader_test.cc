#include "core/base/csv_reader.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using Rows = std::vector<std::vector<std::string>>;  // the header is the first

std::string Gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, 0), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

class CsvReaderTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(::testing::TempDir(), "/csv_", getpid());
    mkdir(folder_.c_str(), 0700);
    path_ = folder_ + "/file.csv";
  }
  void TearDown() override {
    unlink(path_.c_str());
    rmdir(folder_.c_str());
  }

  void Write(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }

  absl::StatusOr<Rows> ReadFile() {
    auto reader = CsvReader::Open(path_, options_);
    if (!reader.ok()) return reader.status();
    Rows rows = {(*reader)->header()};
    lines_.clear();
    std::vector<absl::string_view> fields;
    for (;;) {
      const absl::StatusOr<bool> more = (*reader)->Next(&fields);
      if (!more.ok()) {
        EXPECT_EQ((*reader)->Next(&fields).status(), more.status());
        return more.status();
      }
      if (!*more) break;
      rows.emplace_back();
      for (absl::string_view field : fields) rows.back().emplace_back(field);
      lines_.push_back((*reader)->line());
    }
    EXPECT_FALSE((*reader)->Next(&fields).value());
    EXPECT_EQ((*reader)->fraction_read(), 1.0);
    return rows;
  }

  absl::StatusOr<Rows> Read(const std::string& bytes) {
    Write(bytes);
    return ReadFile();
  }

  Rows MustRead(const std::string& bytes) {
    const absl::StatusOr<Rows> rows = Read(bytes);
    EXPECT_TRUE(rows.ok()) << rows.status();
    return rows.ok() ? *rows : Rows();
  }

  // The message behind the path: ":17: ...".
  std::string ErrorOf(const std::string& bytes) {
    const absl::Status status = Read(bytes).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const std::string message(status.message());
    EXPECT_TRUE(absl::StartsWith(message, path_ + ":")) << message;
    return message.substr(std::min(message.size(), path_.size()));
  }

  std::string folder_;
  std::string path_;
  CsvOptions options_;
  std::vector<uint64_t> lines_;
};

TEST_F(CsvReaderTest, ReadsRfc4180) {
  EXPECT_EQ(MustRead("a,b,c\n1,2,3\n"),
            Rows({{"a", "b", "c"}, {"1", "2", "3"}}));
  EXPECT_EQ(MustRead("a,b\n\"x, y\",\"say \"\"hi\"\"\"\n\"\",\n"),
            Rows({{"a", "b"}, {"x, y", "say \"hi\""}, {"", ""}}));
  EXPECT_EQ(MustRead("a,b\n\"1\n2\r\n3\",\"\"\"\"\n"),
            Rows({{"a", "b"}, {"1\n2\r\n3", "\""}}));
}

TEST_F(CsvReaderTest, ReadsMixedLineEndsAndALastLineWithoutOne) {
  const Rows want = {{"a", "b"}, {"1", "2"}, {"3", ""}, {"5", "6"}};
  EXPECT_EQ(MustRead("a,b\r\n1,2\n3,\r\n5,6"), want);
  EXPECT_EQ(MustRead("\"a\",\"b\"\r\n1,\"2\"\r\n\"3\",\n5,\"6\""), want);
}

TEST_F(CsvReaderTest, KeepsSpacesAndAQuoteInsideAnUnquotedField) {
  EXPECT_EQ(MustRead("a,b\n 1 ,5\" knife\n"),
            Rows({{"a", "b"}, {" 1 ", "5\" knife"}}));
}

TEST_F(CsvReaderTest, SkipsAByteOrderMarkEvenBeforeAQuote) {
  EXPECT_EQ(MustRead("\xEF\xBB\xBF"
                     "a,b\n1,2\n"),
            Rows({{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(MustRead("\xEF\xBB\xBF\"a\",b\n"), Rows({{"a", "b"}}));
}

TEST_F(CsvReaderTest, IgnoresBlankLinesOnlyAtTheEnd) {
  EXPECT_EQ(MustRead("a,b\n1,2\n\n\r\n\n"), Rows({{"a", "b"}, {"1", "2"}}));
  EXPECT_THAT(ErrorOf("a,b\n1,2\n\n\n3,4\n"),
              HasSubstr(":3: the line is blank"));
  EXPECT_THAT(ErrorOf("\na,b\n"), HasSubstr(":1: the first line is blank"));
}

TEST_F(CsvReaderTest, ABlankLineBetweenRowsOfOneColumnIsAnEmptyValue) {
  EXPECT_EQ(MustRead("a\n1\n\n\r\n2\n\n"),
            Rows({{"a"}, {"1"}, {""}, {""}, {"2"}}));
  EXPECT_THAT(lines_, ElementsAre(2, 3, 4, 5));
  EXPECT_EQ(MustRead("a\n\"\"\n"), Rows({{"a"}, {""}}));
}

TEST_F(CsvReaderTest, TakesAnyPrintableDelimiter) {
  options_.delimiter = ';';
  EXPECT_EQ(MustRead("a;b\n1,5;2\n"), Rows({{"a", "b"}, {"1,5", "2"}}));
  options_.delimiter = '\t';
  EXPECT_EQ(MustRead("a\tb\n\"1\t\"\t\n"), Rows({{"a", "b"}, {"1\t", ""}}));
  for (char bad : {'"', '\n', '\r', '\0', '\xA3'}) {
    options_.delimiter = bad;
    EXPECT_EQ(Read("a\n").status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST_F(CsvReaderTest, KnowsThePhysicalLineAtWhichARecordStarts) {
  MustRead("a,b\n1,\"x\ny\"\r\n2,\n\"\n\n\",3\n4,4");
  EXPECT_THAT(lines_, ElementsAre(2, 4, 5, 8));
}

TEST_F(CsvReaderTest, NamesTheLineAndCountsOfARaggedRow) {
  EXPECT_EQ(ErrorOf("a,b,c\n1,2,3\n\"\n\",2\n"),
            ":3: 2 fields found, 3 expected; check quotes and delimiters");
  EXPECT_THAT(ErrorOf("a,b\n1,2,3,4"), HasSubstr(":2: 4 fields found, 2 exp"));
}

TEST_F(CsvReaderTest, RefusesAHeaderWithoutANameOrWithTwoAlike) {
  EXPECT_THAT(ErrorOf("a,,c\n"), HasSubstr(":1: column 2 has no name"));
  EXPECT_THAT(ErrorOf("a,b, \n"), HasSubstr(":1: column 3 has no name"));
  EXPECT_THAT(ErrorOf("a,b,c,b\n"), HasSubstr(":1: columns 2 and 4 have the"));
}

TEST_F(CsvReaderTest, NamesTheLineOfWhatIsNotCsv) {
  EXPECT_THAT(ErrorOf(std::string("a,b\n1,\0\n", 8)),
              HasSubstr(":2: there is a NUL"));
  EXPECT_THAT(ErrorOf(std::string("a,b\n1,\"\n\0\"\n", 11)),
              HasSubstr(":3: there is a NUL"));
  EXPECT_THAT(ErrorOf("a,b\n\"\n\",\"x\n\n"),
              HasSubstr(":3: the quote here is never"));
  EXPECT_THAT(ErrorOf("a,b\n1,\"\n\"x\n"),
              HasSubstr(":3: there is text after a cl"));
  EXPECT_THAT(ErrorOf("a,b\r1,2\r"), HasSubstr(":1: a carriage return"));
  EXPECT_THAT(ErrorOf("a,b\n1,2\r"), HasSubstr(":2: a carriage return"));
  EXPECT_THAT(ErrorOf("\xFF\xFE"
                      "a"),
              HasSubstr(":1: the file is in UTF-16"));
}

TEST_F(CsvReaderTest, RefusesMissingEmptyAndUnreadableFiles) {
  const absl::Status missing =
      CsvReader::Open(folder_ + "/no.csv", options_).status();
  EXPECT_EQ(missing.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(missing.message()),
              HasSubstr("/no.csv: there is no"));
  const absl::Status folder = CsvReader::Open(folder_, options_).status();
  EXPECT_EQ(folder.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(folder.message()), HasSubstr("cannot be read"));
  for (const char* empty :
       {"", "\n", "\r\n\n", "\xEF\xBB\xBF", "\xEF\xBB\xBF\n"}) {
    EXPECT_THAT(ErrorOf(empty), HasSubstr(": the file is empty"));
    EXPECT_THAT(ErrorOf(Gzip(empty)), HasSubstr(": the file is empty"));
  }
}

TEST_F(CsvReaderTest, NeverPrintsAFieldOrAName) {
  for (const char* text :
       {"Secret,Secret\n", "Secret,\n", "a,b\nSecret\n", "a,b\n1,\"Secret\n",
        "a,b\n1,\"Secret\"Secret\n", "a,b\nSecret,\rSecret\n"}) {
    EXPECT_THAT(ErrorOf(text), Not(HasSubstr("Secret"))) << text;
  }
  options_.encoding = CsvOptions::kUtf8;
  EXPECT_THAT(ErrorOf("a,b\nSecret\xFF,1\n"), Not(HasSubstr("Secret")));
}

TEST_F(CsvReaderTest, HoldsItsLimitsToTheByte) {
  const std::string most(CsvReader::kMaxFieldBytes, 'x');
  for (size_t chunk :
       {size_t{1000}, CsvOptions().chunk_bytes, size_t{4} << 20}) {
    options_.chunk_bytes = chunk;
    for (const char* end : {"", "\n", "\r\n", ",1\n"}) {
      const std::string head = end[0] == ',' ? "a,b\n" : "a\n";
      EXPECT_EQ(MustRead(head + most + end)[1][0].size(), most.size());
      EXPECT_EQ(MustRead(head + "\"" + most + "\"" + end)[1][0], most);
      EXPECT_THAT(ErrorOf(head + most + "x" + end),
                  HasSubstr(":2: a field is longer"));
      EXPECT_THAT(ErrorOf(head + "\"" + most + "x\"" + end),
                  HasSubstr(":2: the quoted field that starts"));
    }
  }
  options_ = CsvOptions();
  EXPECT_THAT(ErrorOf("a\n\n\"\n" + most + most + most),
              HasSubstr(":3: the quoted field"));
}

TEST_F(CsvReaderTest, ReadsTenThousandColumnsAndNoMore) {
  std::string header = "c1";
  for (int i = 2; i <= 10000; ++i) absl::StrAppend(&header, ",c", i);
  const std::string row(9999, ',');
  EXPECT_EQ(MustRead(header + "\n" + row + "\n").size(), 2u);
  EXPECT_THAT(ErrorOf(header + ",more\n"),
              HasSubstr(":1: the row has more than"));
  EXPECT_THAT(ErrorOf(header + "\n" + row + ",\n"),
              HasSubstr(":2: the row has more"));
}

TEST_F(CsvReaderTest, BoundsTheMemoryOfOneRecord) {
  std::string text = "c0";
  for (int i = 1; i < 20; ++i) absl::StrAppend(&text, ",c", i);
  for (int i = 0; i < 20; ++i) {
    text += (i == 0 ? "\n" : ",") + std::string(1 << 20, 'x');
  }
  EXPECT_THAT(ErrorOf(text), HasSubstr(":2: the row is over 16 MiB"));
}

TEST_F(CsvReaderTest, DecodesWindows1252FieldByField) {
  const std::string text =
      "n\xE9,caf\xC3\xA9\n\x80"
      "5,\"\x93\"\"\x94\"\n\x81,\xFF\n";
  const Rows by_field = {{"né", "café"}, {"€5", "“\"”"}, {"\uFFFD", "ÿ"}};
  EXPECT_EQ(MustRead(text), by_field);
  options_.encoding = CsvOptions::kWindows1252;
  EXPECT_EQ(MustRead(text)[0], std::vector<std::string>({"né", "cafÃ©"}));
  options_.encoding = CsvOptions::kUtf8;
  EXPECT_THAT(ErrorOf("a,b\n1,2\n\"\n\",\xE9\n"),
              HasSubstr(":3: column 2 is not valid"));
  EXPECT_EQ(MustRead("a\né€😀\n")[1][0], "é€😀");
}

// Python: bytes([n]).decode("cp1252", "replace"), n from 0x80 to 0xFF.
TEST_F(CsvReaderTest, KnowsEveryByteOfWindows1252) {
  options_.encoding = CsvOptions::kWindows1252;
  std::string text = "a\n";
  for (int byte = 0x80; byte <= 0xFF; ++byte) text += static_cast<char>(byte);
  EXPECT_EQ(MustRead(text)[1][0],
            "€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFDŽ\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFDžŸ"
            "\u00A0¡¢£¤¥¦§¨©ª«¬\u00AD®¯°±²³´µ¶·¸¹º»¼½¾¿"
            "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ");
}

TEST_F(CsvReaderTest, HoldsUtf8ToTheStandard) {
  options_.encoding = CsvOptions::kUtf8;
  for (const char* good :
       {"\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(MustRead(absl::StrCat("a\n", good, "\n"))[1][0], good);
  }
  for (const char* bad :
       {"\x80", "\xC0\x80", "\xC1\xBF", "\xC2", "\xE0\x9F\xBF", "\xED\xA0\x80",
        "\xE2\x82", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xC2\xC2", "\xE2\x82\x41", "\xF0\x9F\x98", "\xFF"}) {
    EXPECT_THAT(ErrorOf(absl::StrCat("a\n", bad, "\n")),
                HasSubstr("not valid UTF-8"));
  }
}

TEST_F(CsvReaderTest, ReadsGzipByContentAndSeveralMembersAsOne) {
  const Rows want = {{"a", "b"}, {"1", "2"}, {"3", "4"}};
  EXPECT_EQ(MustRead(Gzip("a,b\n1,2\n3,4\n")), want);
  EXPECT_EQ(MustRead(Gzip("a,b\n1,") + Gzip("") + Gzip("2\n3,4\n")), want);
  EXPECT_EQ(MustRead(Gzip("a,b\n1,2\n3,4\n") + std::string(512, '\0')), want);
}

TEST_F(CsvReaderTest, NoticesEveryTruncationOfGzip) {
  const std::string first = Gzip("a,b\n1,2\n");
  const std::string whole = first + Gzip("3,4\n5,6\n");
  for (size_t size = 1; size < whole.size(); ++size) {
    if (size == first.size()) continue;  // whole in itself
    EXPECT_THAT(ErrorOf(whole.substr(0, size)), HasSubstr("ends early"))
        << size;
  }
}

TEST_F(CsvReaderTest, NoticesEveryFlippedBitOfGzip) {
  const std::string text = "a,b\n1,2\nsome,rows to pack\n";
  const Rows want = MustRead(text);
  const std::string packed = Gzip("a,b\n1,2\n") + Gzip("some,rows to pack\n");
  for (size_t bit = 0; bit < 8 * packed.size(); ++bit) {
    std::string damaged = packed;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    const absl::StatusOr<Rows> rows = Read(damaged);
    // The time and system in the header of a member do not matter.
    EXPECT_EQ(rows.ok() ? *rows : want, want) << bit;
  }
  EXPECT_THAT(ErrorOf(Gzip(text) + "junk"), HasSubstr("damaged"));
}

TEST_F(CsvReaderTest, SaysHowMuchOfTheFileIsRead) {
  std::string text = "a,b\n";
  for (int i = 0; i < 200000; ++i)
    absl::StrAppend(&text, i * 7919, ",", i, "\n");
  for (const std::string& bytes : {text, Gzip(text)}) {
    Write(bytes);
    options_.chunk_bytes = 65536;
    auto reader = CsvReader::Open(path_, options_).value();
    std::vector<absl::string_view> fields;
    double last = 0;
    int steps = 0;
    while (reader->Next(&fields).value()) {
      const double now = reader->fraction_read();
      ASSERT_GE(now, last);
      ASSERT_LE(now, 1);
      if (now > last) ++steps;
      last = now;
    }
    EXPECT_GT(steps, 4);
    EXPECT_EQ(reader->fraction_read(), 1);
  }
}

// RFC 4180 one character at a time, without views, chunks or speed. Nothing
// when the text is not CSV.
std::optional<Rows> Oracle(const std::string& text) {
  Rows rows;
  size_t i = 0;
  while (i < text.size()) {
    rows.emplace_back();
    bool row_goes_on = true;
    while (row_goes_on) {
      std::string field;
      if (i < text.size() && text[i] == '"') {
        for (++i;; ++i) {
          if (i == text.size()) return std::nullopt;
          if (text[i] == '"' && (i + 1 == text.size() || text[i + 1] != '"'))
            break;
          if (text[i] == '"') ++i;
          field += text[i];
        }
        ++i;
      } else {
        while (i < text.size() && text[i] != ',' && text[i] != '\n' &&
               text[i] != '\r') {
          field += text[i++];
        }
      }
      rows.back().push_back(field);
      row_goes_on = i < text.size() && text[i] == ',';
      if (row_goes_on) ++i;
    }
    if (i == text.size()) break;
    if (text[i] == '\r') ++i;
    if (i == text.size() || text[i] != '\n') return std::nullopt;
    ++i;
    if (rows[0][0].empty() || rows.back().size() != rows[0].size())
      return std::nullopt;
  }
  if (rows.empty() || rows.back().size() != rows[0].size()) return std::nullopt;
  return rows;
}

TEST_F(CsvReaderTest, AgreesWithASlowReaderHoweverTheFileIsCut) {
  std::mt19937 random(4180);
  const std::string pieces[] = {"x",  ",",     "\"", "\n",   "\r\n", "\"\"",
                                "yz", "\",\"", "\r", "\"\n", ",",    "x,y\n"};
  int read = 0;
  for (int i = 0; i < 6000; ++i) {
    std::string text = "a,b\n";
    for (size_t n = random() % 14; n > 0; --n) text += pieces[random() % 12];
    // Blank lines have their own rules and tests; every other one agrees.
    if (absl::StrContains(text, "\n\n") || absl::StrContains(text, "\n\r"))
      continue;
    options_.chunk_bytes = 1 + random() % 9;
    const absl::StatusOr<Rows> rows = Read(text);
    const std::optional<Rows> want = Oracle(text);
    ASSERT_EQ(rows.ok(), want.has_value()) << text << rows.status();
    if (!rows.ok()) continue;
    ASSERT_EQ(*rows, *want) << text;
    ++read;
  }
  EXPECT_GT(read, 500);
}

TEST_F(CsvReaderTest, ReadsBackWhatAWriterWroteAcrossManyChunks) {
  std::mt19937 random(2024);
  const std::string letters = "ab,\"\n\r;\xC3\xA9";
  Rows want = {{"id", "text", "more"}};
  std::string text = "id,text,more\n";
  while (text.size() < 2'000'000) {
    want.emplace_back();
    for (int column = 0; column < 3; ++column) {
      std::string field;
      for (size_t n = random() % (random() % 500 == 0 ? 40000 : 12); n > 0;
           --n) {
        const size_t at = random() % (letters.size() - 1);
        field += at < 7 ? letters.substr(at, 1) : letters.substr(7);
      }
      std::string doubled;
      for (char c : field) doubled += c == '"' ? "\"\"" : std::string(1, c);
      text += absl::StrCat(column == 0 ? "\"" : ",\"", doubled, "\"");
      want.back().push_back(field);
    }
    text += random() % 2 == 0 ? "\n" : "\r\n";
  }
  EXPECT_EQ(MustRead(text), want);
  EXPECT_EQ(MustRead(Gzip(text)), want);
  options_.chunk_bytes = 4099;
  EXPECT_EQ(MustRead(text), want);
}

TEST_F(CsvReaderTest, SurvivesAnyBytes) {
  std::mt19937 random(7);
  const std::string seed = "a,b,c\r\n1,\"x\"\"y\",\xC3\xA9\n\"\n\",\x80,\n\n";
  for (int i = 0; i < 4000; ++i) {
    std::string text = i % 4 == 0 ? Gzip(seed) : seed;
    for (size_t n = 1 + random() % 4; n > 0; --n) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    options_.chunk_bytes = 1 + random() % 40;
    const absl::Status status = Read(text).status();
    if (status.ok()) continue;
    EXPECT_THAT(std::string(status.message()), HasSubstr(path_));
  }
}

}  // namespace
}  // namespace cairn
