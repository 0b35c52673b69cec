#include "core/agreement/words.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/base/utf8.h"

namespace cairn {
namespace {

constexpr size_t kColumns = 78;

std::string Plural(int64_t number, absl::string_view word) {
  return absl::StrCat(number, " ", word, number == 1 ? "" : "s");
}

// "a", "a and b", "a, b and c"; where one has a comma of its own, "a; b; and
// c, d".
std::string List(const std::vector<std::string>& words) {
  if (words.size() < 2) return absl::StrJoin(words, "");
  const bool commas = std::any_of(
      words.begin(), words.end(),
      [](const std::string& word) { return word.find(',') != word.npos; });
  return absl::StrCat(
      absl::StrJoin(words.begin(), words.end() - 1, commas ? "; " : ", "),
      commas ? "; and " : " and ", words.back());
}

std::string Lower(std::string text) {
  // "Age group" inside a sentence, but "LSOA" and "Friday" as they are.
  if (text.size() > 1 && text[1] >= 'a' && text[1] <= 'z' && text[0] >= 'A' &&
      text[0] <= 'Z') {
    text[0] = static_cast<char>(text[0] - 'A' + 'a');
  }
  return text;
}

std::string Titled(const std::string& title, const std::string& id) {
  return title.empty() ? absl::StrReplaceAll(id, {{"_", " "}}) : title;
}

std::string NameOf(const DataSet& data_set) {
  return Titled(data_set.title, data_set.id);
}

std::string NameOf(const DataSet& data_set, const DataSet::Variable& at) {
  const Level& level = data_set.dimensions[at.dimension].levels[at.level];
  return Lower(Titled(level.title, level.variable));
}

std::string NamesOf(const DataSet& data_set,
                    const std::vector<DataSet::Variable>& variables) {
  std::vector<std::string> names;
  for (const auto& at : variables) names.push_back(NameOf(data_set, at));
  return List(names);
}

std::string NameOf(const DataSet& data_set, const Measure& measure) {
  const std::string unit = data_set.unit.empty() ? "records" : data_set.unit;
  switch (measure.kind) {
    case Measure::Kind::kCount:
      return absl::StrCat("how many ", unit, " there were");
    case Measure::Kind::kDistinctPersons:
      return "how many different people they were about";
    case Measure::Kind::kSum:
    case Measure::Kind::kMean: {
      const Quantity* quantity = data_set.FindQuantity(measure.quantity);
      return absl::StrCat(
          "the total of: ",
          Lower(Titled(quantity == nullptr ? "" : quantity->title,
                       measure.quantity)));
    }
  }
  return "";
}

std::vector<std::string> Who(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& party : agreement.parties) {
    words.push_back(absl::StrCat(party.name, ", ", Lower(party.role), "."));
  }
  words.push_back(
      agreement.askers.empty()
          ? "Every analyst whom the partnership has certified may ask."
          : absl::StrCat(
                "Only ",
                agreement.askers.size() == 1
                    ? "one named analyst"
                    : Plural(static_cast<int64_t>(agreement.askers.size()),
                             "named analyst"),
                " may ask."));
  return words;
}

std::vector<std::string> WhatFor(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& terms : agreement.purposes) {
    std::vector<std::string> laws;
    for (const int basis : terms.lawful_basis) {
      laws.push_back(
          agreement.lawful_basis[static_cast<size_t>(basis)].reference);
    }
    words.push_back(
        absl::StrCat(Titled(terms.purpose->label, terms.purpose->id),
                     ", under ", List(laws), "."));
  }
  words.push_back("Questions for anything else are refused.");
  return words;
}

std::vector<std::string> Facts(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& terms : agreement.data_sets) {
    words.push_back(absl::StrCat(
        NameOf(*terms.data_set), ": ",
        terms.variables.empty()
            ? "totals only"
            : absl::StrCat("by ", NamesOf(*terms.data_set, terms.variables),
                           ", or in less detail"),
        "."));
  }
  return words;
}

std::vector<std::string> Measures(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& terms : agreement.data_sets) {
    std::vector<std::string> names;
    for (const Measure& measure : terms.measures) {
      names.push_back(NameOf(*terms.data_set, measure));
    }
    words.push_back(
        absl::StrCat(NameOf(*terms.data_set), ": ", List(names), "."));
  }
  return words;
}

std::vector<std::string> Together(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& terms : agreement.data_sets) {
    const std::string name = NameOf(*terms.data_set);
    const int any = terms.any_crossing_of;
    if (any > 0) {
      words.push_back(absl::StrCat(
          name, ": ",
          any == 1 ? "each fact by itself"
                   : absl::StrCat("any ", any, " of the facts together"),
          "."));
    }
    for (const auto& crossing : terms.crossings) {
      words.push_back(absl::StrCat(
          name, ": ", NamesOf(*terms.data_set, crossing), " together."));
    }
  }
  words.push_back("Nothing else may be asked together.");
  return words;
}

std::vector<std::string> HowMuch(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& budget : agreement.budgets) {
    words.push_back(absl::StrCat(
        "At most ", Plural(budget.questions, "question"), " in any ",
        Plural(budget.days, "day"), " about ",
        budget.data_set == nullptr ? "all records together"
                                   : Lower(NameOf(*budget.data_set)),
        "."));
  }
  if (words.empty()) words.push_back("There is no limit on their number.");
  return words;
}

// The title of a variable, in the first data set of the agreement that has it.
std::string TitleOf(const Agreement& agreement, const std::string& variable) {
  for (const auto& terms : agreement.data_sets) {
    const auto at = terms.data_set->FindVariable(variable);
    if (at.ok()) return NameOf(*terms.data_set, *at);
  }
  return variable;
}

// Which questions a class is about; "" for all.
std::string Conditions(const Agreement& agreement,
                       const Agreement::QueryClass& given) {
  std::vector<std::string> parts;
  std::vector<std::string> names;
  for (const DataSet* data_set : given.data_sets) {
    names.push_back(Lower(NameOf(*data_set)));
  }
  if (!names.empty()) {
    parts.push_back(absl::StrCat("about ", absl::StrJoin(names, " or ")));
  }
  names.clear();
  for (const std::string& variable : given.variables) {
    names.push_back(TitleOf(agreement, variable));
  }
  if (!names.empty()) {
    parts.push_back(absl::StrCat("by ", absl::StrJoin(names, " or "),
                                 ", or in more detail"));
  }
  if (given.first_use_of_crossing) {
    parts.emplace_back("for facts that were never asked together before");
  }
  if (given.outside_release_plan) {
    parts.emplace_back("not answered by the tables agreed in advance");
  }
  return parts.empty() ? ""
                       : absl::StrCat(" (", absl::StrJoin(parts, "; "), ")");
}

std::vector<std::string> WhoDecides(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& given : agreement.classes) {
    std::string sentence = absl::StrCat(
        "Questions ", Lower(given.title), Conditions(agreement, given), ": ",
        given.approvers == 1
            ? "one person must agree, who is not the one who asks"
            : absl::StrCat(given.approvers,
                           " different people must agree, none of them the "
                           "one who asks"));
    if (given.one_from_agency) {
      absl::StrAppend(&sentence, given.approvers == 1
                                     ? ", and who works for the agency itself"
                                     : ", and one of them works for the "
                                       "agency itself");
    }
    absl::StrAppend(&sentence, given.result_too
                                   ? ". They also see the result before it "
                                     "leaves."
                                   : ".");
    words.push_back(std::move(sentence));
  }
  words.push_back(words.empty()
                      ? "Every question that this agreement allows is "
                        "answered without asking anybody."
                      : "All other questions that this agreement allows are "
                        "answered without asking anybody.");
  words.push_back(
      "The agency's data steward can hold or refuse any question, and stop all "
      "answers at once.");
  return words;
}

std::vector<std::string> SmallNumbers(const Agreement& agreement,
                                      const std::string& rule) {
  std::vector<std::string> words = {
      "Only tables leave the agency, never a record about a person.",
      absl::StrCat("Small numbers are hidden by the rule called ",
                   agreement.disclosure.name,
                   " or by a stricter one of the agency's own.")};
  if (!rule.empty()) words.push_back(absl::StrCat("It says: ", rule, "."));
  return words;
}

std::vector<std::string> Tables(const Agreement& agreement) {
  if (!agreement.release_plan.has_value()) {
    return {"No tables were agreed in advance."};
  }
  return {absl::StrCat("The tables of the plan called ",
                       agreement.release_plan->name,
                       " were agreed in advance and are protected together.")};
}

std::vector<std::string> Keeping(const Agreement& agreement) {
  return {absl::StrCat("Those who asked keep results for at most ",
                       Plural(agreement.results_months, "month"), "."),
          absl::StrCat("The record of what was asked and answered is kept for ",
                       Plural(agreement.ledger_years, "year"),
                       "; it holds no result and no name.")};
}

std::vector<std::string> Contacts(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& contact : agreement.contacts) {
    words.push_back(absl::StrCat(contact.role, ": ", contact.name, ", ",
                                 contact.reach, "."));
  }
  words.push_back(absl::StrCat(
      "Whoever learns of an incident tells the others within ",
      Plural(agreement.report_incidents_within_hours, "hour"), "."));
  words.push_back(
      absl::StrCat("When the agreement ends: ", agreement.on_ending));
  words.push_back(absl::StrCat("Audit: ", agreement.right_of_audit));
  return words;
}

std::vector<std::string> Records(const Agreement& agreement) {
  std::vector<std::string> words;
  for (const auto& terms : agreement.data_sets) {
    words.push_back(absl::StrCat(
        NameOf(*terms.data_set),
        terms.data_set->grain.empty()
            ? ""
            : absl::StrCat(" (", Lower(terms.data_set->grain), ")"),
        "."));
  }
  return words;
}

std::vector<std::string> HowLong(const Agreement& agreement) {
  return {absl::StrCat("In force from ", DayInWords(agreement.starts),
                       " to the end of ", DayInWords(agreement.ends),
                       ". After that nothing is answered."),
          absl::StrCat("To be looked at again by ",
                       DayInWords(agreement.review_by), ".")};
}

// Breaks a sentence into lines; later lines stand below the first word.
std::string Wrapped(const std::string& sentence) {
  std::string text, line = "  -";
  for (const absl::string_view word :
       absl::StrSplit(sentence, ' ', absl::SkipEmpty())) {
    if (CountUtf8(line) + 1 + CountUtf8(word) > kColumns) {
      absl::StrAppend(&text, line, "\n");
      line = "   ";
    }
    absl::StrAppend(&line, " ", word);
  }
  return absl::StrCat(text, line, "\n");
}

void AddChanged(const char* what, const std::string& before,
                const std::string& after, std::string* text) {
  if (before == after) return;
  absl::StrAppend(text, "- ", what, ": ", before.empty() ? "none" : before,
                  "\n+ ", what, ": ", after.empty() ? "none" : after, "\n");
}

// What stands behind the words: who and which files are meant exactly.
std::string BehindTheWords(const Agreement& before, const Agreement& after) {
  std::string text;
  AddChanged("title", before.title, after.title, &text);
  AddChanged("partnership", before.partnership, after.partnership, &text);
  AddChanged("agency", before.agency, after.agency, &text);
  AddChanged("named analysts", absl::StrJoin(before.askers, ", "),
             absl::StrJoin(after.askers, ", "), &text);
  AddChanged("text of the rule for small numbers (SHA-256)",
             before.disclosure.sha256, after.disclosure.sha256, &text);
  AddChanged("text of the plan of tables (SHA-256)",
             before.release_plan ? before.release_plan->sha256 : "",
             after.release_plan ? after.release_plan->sha256 : "", &text);
  return text;
}

}  // namespace

std::string DayInWords(absl::CivilDay day) {
  static constexpr const char* kMonths[] = {
      "January", "February", "March",     "April",   "May",      "June",
      "July",    "August",   "September", "October", "November", "December"};
  return absl::StrCat(day.day(), " ", kMonths[day.month() - 1], " ",
                      day.year());
}

std::vector<ClauseWords> WordsOf(const Agreement& agreement,
                                 const std::string& rule) {
  return {{Clause::kWho, Who(agreement)},
          {Clause::kHowLong, HowLong(agreement)},
          {Clause::kWhatFor, WhatFor(agreement)},
          {Clause::kWhichRecords, Records(agreement)},
          {Clause::kWhichFacts, Facts(agreement)},
          {Clause::kWhichMeasures, Measures(agreement)},
          {Clause::kTogether, Together(agreement)},
          {Clause::kHowMuch, HowMuch(agreement)},
          {Clause::kWhoDecides, WhoDecides(agreement)},
          {Clause::kSmallNumbers, SmallNumbers(agreement, rule)},
          {Clause::kTables, Tables(agreement)},
          {Clause::kKeeping, Keeping(agreement)},
          {Clause::kContacts, Contacts(agreement)}};
}

std::string ExplainAgreement(const Agreement& agreement,
                             const std::string& rule) {
  std::string text =
      absl::StrCat(agreement.title, "\nVersion ", agreement.version, "\n");
  for (const ClauseWords& words : WordsOf(agreement, rule)) {
    absl::StrAppend(&text, "\n", static_cast<int>(words.clause), ". ",
                    TitleOf(words.clause), "\n");
    for (const std::string& sentence : words.sentences) {
      absl::StrAppend(&text, Wrapped(sentence));
    }
  }
  return text;
}

std::string DiffAgreements(const Agreement& before, const Agreement& after) {
  const auto old_words = WordsOf(before, ""), new_words = WordsOf(after, "");
  std::string text = BehindTheWords(before, after);
  for (size_t i = 0; i < old_words.size(); ++i) {
    std::string clause;
    const auto add = [&clause](const char* mark, const ClauseWords& from,
                               const ClauseWords& not_in) {
      for (const std::string& sentence : from.sentences) {
        if (std::find(not_in.sentences.begin(), not_in.sentences.end(),
                      sentence) == not_in.sentences.end()) {
          absl::StrAppend(&clause, "  ", mark, " ", sentence, "\n");
        }
      }
    };
    add("-", old_words[i], new_words[i]);
    add("+", new_words[i], old_words[i]);
    if (clause.empty() && old_words[i].sentences != new_words[i].sentences) {
      clause =
          "  + the same, listed in another order or under another "
          "heading\n";
    }
    if (clause.empty()) continue;
    absl::StrAppend(&text, static_cast<int>(old_words[i].clause), ". ",
                    TitleOf(old_words[i].clause), "\n", clause);
  }
  return text;
}

}  // namespace cairn
