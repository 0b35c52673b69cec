#include "tests/support/sql_oracle.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"

namespace cairn {
namespace {

std::string Quote(const std::string& text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "''"}}), "'");
}
std::string QuoteAll(const std::vector<std::string>& texts) {
  return absl::StrJoin(texts, ",", [](std::string* out, const std::string& t) {
    absl::StrAppend(out, Quote(t));
  });
}

class Script {
 public:
  Script(const World& world, const std::string& csv) : world_(world) {
    Add(".mode list\n.separator |\n"
        "CREATE TABLE raw(When_ TEXT, Who TEXT, Weapon TEXT, Age TEXT, "
        "Sex TEXT, Place TEXT, Why TEXT, Days TEXT, Cost TEXT);\n");
    Add(absl::StrCat(".import --csv --skip 1 \"", csv, "\" raw\n"));
    AddTimeTable();
    AddLists();
    AddPlaces();
    AddSteps();
    AddRecords();
    AddUniverses();
  }

  void Ask(size_t number, const RandomQuestion& question) {
    const size_t n = question.by.size();
    for (size_t margins = 0; margins < size_t{1} << n; ++margins) {
      bool joined = false;
      std::vector<std::string> columns, groups;
      for (size_t i = 0; i < n; ++i) {
        const bool total = (margins >> i & 1) != 0;
        columns.push_back(total ? "'Total'" : question.by[i]);
        if (total) continue;
        groups.push_back(question.by[i]);
        joined = joined || question.by[i] == "reason";
      }
      Add(absl::StrCat(
          "SELECT 'R', ", number, ",",
          absl::StrJoin(columns, "",
                        [](std::string* out, const std::string& c) {
                          absl::StrAppend(out, " ", c, ",");
                        }),
          " count(*), count(DISTINCT person), total(days), total(cost) FROM "
          "rec",
          joined ? " JOIN why ON why.rid = rec.rid" : "", " WHERE ",
          question.where ? SqlText(world_, *question.where, joined) : "1",
          groups.empty() ? "" : " GROUP BY ", absl::StrJoin(groups, ", "),
          ";\n"));
    }
    AskUncovered(number, question);
  }

  const std::string& text() const { return text_; }

 private:
  void Add(const std::string& text) { text_ += text; }
  const WorldDimension& Find(const std::string& id) const {
    return world_.Find(id);
  }
  static const WorldLevel& HeldLevel(const WorldDimension& d) {
    return d.levels[static_cast<size_t>(d.held)];
  }

  void AddTimeTable() {
    Add("CREATE TABLE time_of(month TEXT PRIMARY KEY, quarter, calendar_year, "
        "financial_year, academic_year, covered);\n");
    for (const std::string& month : world_.period) {
      Add(absl::StrCat("INSERT INTO time_of(month) VALUES(", Quote(month),
                       ");\n"));
    }
    Add(absl::StrCat(
        "UPDATE time_of SET "
        "quarter = substr(month,1,4)||'-Q'||((substr(month,6)+2)/3),"
        "calendar_year = substr(month,1,4),"
        "financial_year = CASE WHEN substr(month,6) >= '04' THEN "
        "substr(month,1,4)||'/'||substr(1+substr(month,1,4),3) ELSE "
        "(substr(month,1,4)-1)||'/'||substr(month,3,2) END,"
        "academic_year = CASE WHEN substr(month,6) >= '09' THEN "
        "substr(month,1,4)||'/'||substr(1+substr(month,1,4),3) ELSE "
        "(substr(month,1,4)-1)||'/'||substr(month,3,2) END,"
        "covered = month IN (",
        QuoteAll(world_.covered),
        ");\nINSERT INTO time_of VALUES('U','U','U','U','U',1);\n"));
  }

  // up_weapon(weapon, weapon_group): of the codes that the agency holds, from
  // the level it holds on; and the edges of bands.
  void AddLists() {
    Add("CREATE TABLE band(variable, code, low, high);\n");
    for (const WorldDimension& d : world_.dimensions) {
      if (d.held < 0) continue;
      for (const WorldLevel& level : d.levels) {
        for (const WorldCode& code : level.codes) {
          if (!code.low) continue;
          Add(absl::StrCat("INSERT INTO band VALUES(", Quote(level.variable),
                           ",", Quote(code.id), ",", *code.low, ",", *code.high,
                           ");\n"));
        }
      }
      if (d.kind == WorldKind::kCategory) AddUp(d);
    }
  }

  void AddUp(const WorldDimension& d) {
    std::vector<size_t> levels;
    std::vector<std::string> names;
    for (size_t l = 0; l < d.levels.size(); ++l) {
      if (!d.Askable(static_cast<int>(l))) continue;
      levels.push_back(l);
      names.push_back(d.levels[l].variable);
    }
    Add(absl::StrCat("CREATE TABLE up_", d.id, "(", absl::StrJoin(names, ", "),
                     ", UNIQUE(", absl::StrJoin(names, ", "), "));\n"));
    const auto held = static_cast<size_t>(d.held);
    for (size_t fine = 0; fine < d.levels[0].codes.size(); ++fine) {
      const int code = d.up[held][fine];
      if (std::find(d.held_codes.begin(), d.held_codes.end(), code) ==
          d.held_codes.end()) {
        continue;
      }
      std::vector<std::string> row;
      for (const size_t l : levels) {
        row.push_back(d.levels[l].codes[static_cast<size_t>(d.up[l][fine])].id);
      }
      Add(absl::StrCat("INSERT OR IGNORE INTO up_", d.id, " VALUES(",
                       QuoteAll(row), ");\n"));
    }
    // A source's words, where codes, labels and aliases are taken as they are.
    Add(absl::StrCat("CREATE TABLE word_", d.id,
                     "(word TEXT COLLATE NOCASE, "
                     "code);\n"));
    for (const WorldCode& code : d.levels[held].codes) {
      if (code.id == "U") continue;
      for (const std::string& word : {code.id, code.label, code.alias}) {
        if (word.empty()) continue;
        Add(absl::StrCat("INSERT INTO word_", d.id, " VALUES(", Quote(word),
                         ",", Quote(code.id), ");\n"));
      }
    }
  }

  void AddPlaces() {
    const size_t held = static_cast<size_t>(Find("place").held);
    static constexpr const char* kNames[] = {"lsoa", "ward", "lad"};
    std::vector<std::string> names(kNames + held, kNames + 3);
    Add(absl::StrCat("CREATE TABLE up_place(", absl::StrJoin(names, ", "),
                     ", inside, UNIQUE(", names[0], "));\n"));
    for (const WorldPlace& place : world_.places) {
      std::vector<std::string> row = {place.lsoa, place.ward, place.lad};
      row.erase(row.begin(), row.begin() + static_cast<long>(held));
      if (row[0].empty()) continue;
      // A place without a ward is in the rest of its authority.
      if (row.size() == 3 && row[1].empty()) row[1] = "U." + place.lad;
      Add(absl::StrCat("INSERT OR IGNORE INTO up_place VALUES(", QuoteAll(row),
                       ",", place.inside ? 1 : 0, ");\n"));
    }
    for (const char* code : {"OUT", "U"}) {
      std::vector<std::string> row(names.size(), code);
      Add(absl::StrCat("INSERT INTO up_place VALUES(", QuoteAll(row),
                       ",1);\n"));
    }
  }

  void AddSteps() {
    Add("CREATE TABLE weapon_word(word TEXT COLLATE NOCASE, code);\n");
    for (const auto& [local, code] : world_.weapon_map) {
      Add(absl::StrCat("INSERT INTO weapon_word VALUES(", Quote(local), ",",
                       Quote(code), ");\n"));
    }
    const WorldDimension& age = Find("age");
    const std::string place = HeldLevel(Find("place")).variable;
    Add(absl::StrCat(
        "CREATE TABLE dated AS SELECT rowid AS rid, CASE "
        "WHEN When_ GLOB '[0-3][0-9]/[01][0-9]/[0-9]*' THEN substr(When_,7,4)||"
        "'-'||substr(When_,4,2)||'-'||substr(When_,1,2)||substr(When_,11) "
        "WHEN When_ GLOB '[0-9][0-9][0-9][0-9]-*' THEN When_ ELSE '' END AS "
        "iso, "
        "* FROM raw;\n"
        "CREATE TABLE step AS SELECT rid, iif(iso='','U',substr(iso,1,7)) AS "
        "month, iif(length(iso) < 10, 'U', substr('SUNMONTUEWEDTHUFRISAT',"
        "1+3*strftime('%w',substr(iso,1,10)),3)) AS weekday,"
        "iif(length(iso) < 16, 'U', substr(iso,12,2)) AS hour,"
        "nullif(iif(lower(trim(Who))='anon','',trim(Who)),'') AS person,"
        "iif(trim(Weapon)='',",
        Quote(world_.weapon_empty),
        ",coalesce((SELECT code FROM weapon_word WHERE word = trim(Weapon)),",
        Quote(world_.weapon_unmapped), ")) AS weapon_code,",
        "CASE WHEN Age GLOB '[0-9]*' THEN (SELECT code FROM band WHERE "
        "variable=",
        Quote(HeldLevel(age).variable),
        " AND CAST(Age AS INTEGER) BETWEEN low AND high) ELSE 'U' END AS "
        "age_code,",
        "coalesce((SELECT code FROM word_sex WHERE word = trim(Sex)),'U') "
        "AS sex_code,",
        "iif(trim(Place)='','U',coalesce((SELECT iif(inside,", place,
        ",'OUT') FROM up_place WHERE ", place, "=trim(Place)),",
        Quote(world_.place_unmapped), ")) AS place_code,", "CAST(round(10*max(",
        world_.days_low,
        ",min(45,0+Days))) AS INTEGER) AS days,"
        "CAST(max(0,min(1000,0+Cost)) AS INTEGER) AS cost, Why FROM dated;\n"
        "DELETE FROM step WHERE month NOT IN "
        "(SELECT month FROM time_of WHERE covered);\n"));
  }

  void AddRecords() {
    Add("CREATE TABLE why AS WITH RECURSIVE cut(rid, part, rest) AS ("
        "SELECT rid, NULL, Why||';' FROM step UNION ALL "
        "SELECT rid, trim(substr(rest,1,instr(rest,';')-1)),"
        "substr(rest,instr(rest,';')+1) FROM cut WHERE rest <> '') "
        "SELECT DISTINCT rid, coalesce((SELECT code FROM word_reason WHERE "
        "word = part), iif(upper(part) IN ('U','NOT KNOWN'), 'U', 'OTH')) AS "
        "reason FROM cut WHERE part <> '';\n"
        "INSERT INTO why SELECT rid, 'U' FROM step WHERE rid NOT IN "
        "(SELECT rid FROM why);\n"
        "CREATE INDEX why_rid ON why(rid);\n");
    const auto join = [this](const std::string& id, const char* code) {
      const std::string& held = HeldLevel(Find(id)).variable;
      return absl::StrCat(" LEFT JOIN up_", id, " ON up_", id, ".", held, " = ",
                          code);
    };
    Add(absl::StrCat(
        "CREATE TABLE base AS SELECT step.rid AS rid, weekday, "
        "hour, person, days, cost, time_of.*, up_weapon.*, "
        "up_age.*, up_sex.*, up_place.* FROM step "
        "JOIN time_of ON time_of.month = step.month",
        join("weapon", "weapon_code"), join("age", "age_code"),
        join("sex", "sex_code"), join("place", "place_code"), ";\n"));
    const std::string weapon = HeldLevel(Find("weapon")).variable;
    Add(absl::StrCat(
        "CREATE TABLE rec AS SELECT *, CASE WHEN ", weapon, " IN (",
        QuoteAll(world_.population_weapons), ")",
        world_.population_adults ? " AND adult = 'yes'" : "",
        world_.population_reasons
            ? " AND EXISTS (SELECT 1 FROM why WHERE why.rid = base.rid AND "
              "reason IN ('PP','OW'))"
            : "",
        " THEN '1' ELSE '0' END AS armed FROM base;\n"));
  }

  // All combinations of codes, to find what lies in months without records.
  void AddUniverses() {
    Add("CREATE VIEW u_occurred AS SELECT * FROM time_of WHERE NOT covered;\n"
        "CREATE VIEW u_place AS SELECT * FROM up_place WHERE inside;\n"
        "CREATE VIEW u_weapon AS SELECT * FROM up_weapon;\n"
        "CREATE VIEW u_age AS SELECT * FROM up_age;\n"
        "CREATE VIEW u_sex AS SELECT * FROM up_sex;\n"
        "CREATE VIEW u_reason AS SELECT * FROM up_reason;\n"
        "CREATE TABLE u_weekday(weekday);\nCREATE TABLE u_hour(hour);\n"
        "CREATE TABLE u_armed(armed);\n");
    for (const char* id : {"weekday", "hour", "armed"}) {
      for (const WorldCode& code : Find(id).levels[0].codes) {
        Add(absl::StrCat("INSERT INTO u_", id, " VALUES(", Quote(code.id),
                         ");\n"));
      }
    }
  }

  void AskUncovered(size_t number, const RandomQuestion& question) {
    std::set<int> dimensions;
    if (question.where) {
      for (const int d : DimensionsOf(*question.where)) dimensions.insert(d);
    }
    for (const std::string& variable : question.by) {
      for (size_t d = 0; d < world_.dimensions.size(); ++d) {
        for (const WorldLevel& level : world_.dimensions[d].levels) {
          if (level.variable == variable)
            dimensions.insert(static_cast<int>(d));
        }
      }
    }
    if (dimensions.count(world_.FindIndex("occurred")) == 0) return;
    std::vector<std::string> from;
    for (const int d : dimensions) {
      from.push_back(
          absl::StrCat("u_", world_.dimensions[static_cast<size_t>(d)].id));
    }
    Add(absl::StrCat(
        "SELECT DISTINCT 'M', ", number,
        absl::StrJoin(question.by, "",
                      [](std::string* out, const std::string& variable) {
                        absl::StrAppend(out, ", ", variable);
                      }),
        " FROM ", absl::StrJoin(from, ", "), " WHERE ",
        question.where ? SqlText(world_, *question.where, true) : "1", ";\n"));
  }

  const World& world_;
  std::string text_;
};

int64_t Number(const std::string& text) {
  double value = -1;
  return absl::SimpleAtod(text, &value) ? static_cast<int64_t>(value) : -1;
}

bool Read(const std::string& line, std::vector<OracleAnswer>* answers) {
  std::vector<std::string> fields = absl::StrSplit(line, '|');
  size_t number = 0;
  if (fields.size() < 2 || !absl::SimpleAtoi(fields[1], &number) ||
      number >= answers->size()) {
    return false;
  }
  OracleAnswer& answer = (*answers)[number];
  std::vector<std::string> key(fields.begin() + 2, fields.end());
  if (fields[0] == "R" && key.size() >= 4) {
    const size_t n = key.size() - 4;
    const Truth truth{Number(key[n]), Number(key[n + 1]), Number(key[n + 2]),
                      Number(key[n + 3])};
    key.resize(n);
    return answer.rows.emplace(std::move(key), truth).second;
  }
  if (fields[0] != "M") return false;
  // With every margin above it.
  for (size_t margins = 0; margins < size_t{1} << key.size(); ++margins) {
    std::vector<std::string> above = key;
    for (size_t i = 0; i < key.size(); ++i) {
      if ((margins >> i & 1) != 0) above[i] = "Total";
    }
    answer.uncovered.insert(std::move(above));
  }
  return true;
}

}  // namespace

std::vector<OracleAnswer> AskSqlite(
    const World& world, const std::vector<RandomQuestion>& questions,
    const std::string& folder, std::string* problem) {
  const std::string csv = folder + "/oracle.csv";
  const std::string sql = folder + "/oracle.sql";
  const std::string out = folder + "/oracle.out";
  std::ofstream(csv, std::ios::binary) << world.csv;
  Script script(world, csv);
  for (size_t q = 0; q < questions.size(); ++q) script.Ask(q, questions[q]);
  std::ofstream(sql, std::ios::binary) << script.text();
  const std::string command = absl::StrCat("sqlite3 -batch -bail :memory: < '",
                                           sql, "' > '", out, "' 2>&1");
  const int ended = std::system(command.c_str());
  std::vector<OracleAnswer> answers(questions.size());
  std::ifstream file(out);
  std::string line;
  while (std::getline(file, line)) {
    if (Read(line, &answers)) continue;
    *problem = absl::StrCat("sqlite3 said: ", line);
    return answers;
  }
  if (ended != 0) {
    *problem = absl::StrCat(
        "the sqlite3 program (Debian package sqlite3) ended with ", ended);
  }
  return answers;
}

}  // namespace cairn
