#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "core/agreement/words.h"

namespace cairn {
namespace {

using Row = std::pair<std::string, std::string>;

constexpr char kToBeWritten[] = "(to be written)";

// One cell of a table in Markdown.
std::string Cell(const std::string& text) {
  return absl::StrReplaceAll(text, {{"|", "\\|"}, {"\n", " "}});
}

std::string Table(const char* title, const char* left, const char* right,
                  const std::vector<Row>& rows) {
  std::string text = absl::StrCat("\n## ", title, "\n\n| ", left, " | ", right,
                                  " |\n| --- | --- |\n");
  for (const auto& [name, value] : rows) {
    absl::StrAppend(&text, "| ", Cell(name), " | ", Cell(value), " |\n");
  }
  return text;
}

// The sentences of a clause, as one cell.
std::string Of(const std::vector<ClauseWords>& words, Clause clause) {
  for (const ClauseWords& entry : words) {
    if (entry.clause == clause) {
      return absl::StrJoin(entry.sentences, "<br>");
    }
  }
  return "";
}

std::string File(const Agreement::FileReference& file) {
  return absl::StrCat(file.name, ", SHA-256 ", file.sha256);
}

std::string SharingTables(const Agreement& agreement,
                          const std::vector<ClauseWords>& words) {
  const auto of = [&words](Clause clause) { return Of(words, clause); };
  return Table(
      "Data sharing agreement", "Heading", "What was agreed",
      {{"Title and version",
        absl::StrCat(agreement.title, ", version ", agreement.version)},
       {"Text", absl::StrCat("SHA-256 ", agreement.digest)},
       {"Replaces", agreement.replaces.empty()
                        ? "none"
                        : absl::StrCat("SHA-256 ", agreement.replaces)},
       {"Parties, their roles, and who asks", of(Clause::kWho)},
       {"Purposes and lawful basis", of(Clause::kWhatFor)},
       {"Data sets", of(Clause::kWhichRecords)},
       {"Data items, finest level", of(Clause::kWhichFacts)},
       {"Measures", of(Clause::kWhichMeasures)},
       {"Combinations", of(Clause::kTogether)},
       {"Limits", of(Clause::kHowMuch)},
       {"Who approves", of(Clause::kWhoDecides)},
       {"Thresholds", of(Clause::kSmallNumbers)},
       {"Rule", File(agreement.disclosure)},
       {"Tables agreed in advance", agreement.release_plan.has_value()
                                        ? File(*agreement.release_plan)
                                        : "none"},
       {"Start, end and review", of(Clause::kHowLong)},
       {"Retention", of(Clause::kKeeping)},
       {"Contacts, incidents, ending and audit", of(Clause::kContacts)},
       {"Signatures", kToBeWritten}});
}

std::string ImpactTables(const std::vector<ClauseWords>& words) {
  const auto of = [&words](Clause clause) { return Of(words, clause); };
  return absl::StrCat(
      Table("Data protection impact assessment: the processing", "Question",
            "Answer",
            {{"What is done",
              "Each agency counts its own records on its own machine. Tables "
              "with small numbers hidden leave it; records do not."},
             {"Whose data, and which", of(Clause::kWhichRecords)},
             {"In what detail", of(Clause::kWhichFacts)},
             {"What for, and why it is lawful", of(Clause::kWhatFor)},
             {"How long", of(Clause::kHowLong)},
             {"Who receives it", of(Clause::kWho)},
             {"Why it is necessary and proportionate", kToBeWritten},
             {"Who was consulted", kToBeWritten},
             {"Advice of the data protection officer", kToBeWritten}}),
      Table(
          "Data protection impact assessment: risks", "Risk",
          "What stands against it",
          {{"A person is recognised in a table", of(Clause::kSmallNumbers)},
           {"Small numbers follow from several tables",
            "What was released before is taken into account; " +
                of(Clause::kTables)},
           {"A combination singles somebody out", of(Clause::kTogether)},
           {"Somebody asks for another reason",
            "Each question is signed by who asks it and states its purpose. " +
                of(Clause::kWhatFor)},
           {"Somebody asks too much", of(Clause::kHowMuch)},
           {"Nobody at the agency looks", of(Clause::kWhoDecides)},
           {"It goes on after it should have ended", of(Clause::kHowLong)},
           {"What was done cannot be shown",
            "Both sides keep a ledger that cannot be changed unseen. " +
                of(Clause::kKeeping)},
           {"Risk that is left, and who accepts it", kToBeWritten}}),
      Table("Five Safes", "Safe", "Where it is kept",
            {{"People", of(Clause::kWho)},
             {"Projects", of(Clause::kWhatFor)},
             {"Settings",
              "The records stay on the agency's machine; it opens no port."},
             {"Data", of(Clause::kWhichFacts)},
             {"Outputs", of(Clause::kSmallNumbers)}}));
}

}  // namespace

std::string ReportAgreement(const Agreement& agreement,
                            const std::string& rule) {
  const std::vector<ClauseWords> words = WordsOf(agreement, rule);
  return absl::StrCat("# ", agreement.title, "\n",
                      SharingTables(agreement, words), ImpactTables(words));
}

}  // namespace cairn
