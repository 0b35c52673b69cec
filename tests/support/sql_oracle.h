#ifndef CAIRN_TESTS_SUPPORT_SQL_ORACLE_H_
#define CAIRN_TESTS_SUPPORT_SQL_ORACLE_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/support/random_question.h"
#include "tests/support/random_world.h"

namespace cairn {

// What the agency's file says, worked out by the sqlite3 program from SQL text:
// it imports the local file, maps its values with tables of its own, and
// answers each question with one SELECT for each set of margins. No code of the
// rooms takes part.
struct Truth {
  int64_t count = 0;
  int64_t persons = 0;
  int64_t days = 0;  // in tenths
  int64_t cost = 0;
};

struct OracleAnswer {
  // By the codes of --by, "Total" for a margin. A row that is not here has
  // none.
  std::map<std::vector<std::string>, Truth> rows;
  // Rows that take in a month of the period which the files do not cover. Empty
  // where the question does not name time.
  std::set<std::vector<std::string>> uncovered;
};

// Runs the program once for all questions. `folder` gets the files; `problem`
// says what went wrong, and is empty otherwise.
std::vector<OracleAnswer> AskSqlite(
    const World& world, const std::vector<RandomQuestion>& questions,
    const std::string& folder, std::string* problem);

}  // namespace cairn

#endif  // CAIRN_TESTS_SUPPORT_SQL_ORACLE_H_
