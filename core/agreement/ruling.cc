#include "core/agreement/ruling.h"

#include <algorithm>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace cairn {
namespace {

using DataSetTerms = Agreement::DataSetTerms;
using Variable = DataSet::Variable;

struct No {
  Clause clause;
  std::string sentence;
};
using Objection = std::optional<No>;

const Level& LevelOf(const DataSet& data_set, const Variable& at) {
  return data_set.dimensions[at.dimension].levels[at.level];
}

// True if `wanted` is as coarse as `finest` or coarser.
bool Covers(const DataSet& data_set, const Variable& finest,
            const PlanAxis& wanted) {
  return finest.dimension == wanted.dimension &&
         data_set.dimensions[finest.dimension].Nests(finest.level,
                                                     wanted.level);
}

std::string Names(const DataSet& data_set,
                  const std::vector<Variable>& variables) {
  return absl::StrJoin(variables, ", ",
                       [&](std::string* out, const Variable& at) {
                         out->append(LevelOf(data_set, at).variable);
                       });
}

Objection CheckDays(const Agreement& agreement, absl::Time now) {
  const absl::CivilDay today = absl::ToCivilDay(now, absl::UTCTimeZone());
  if (today < agreement.starts) {
    return No{Clause::kHowLong,
              absl::StrCat("the agreement is in force from ",
                           absl::FormatCivilTime(agreement.starts))};
  }
  if (today > agreement.ends) {
    return No{Clause::kHowLong,
              absl::StrCat("the agreement ended on ",
                           absl::FormatCivilTime(agreement.ends),
                           "; nothing is answered until a new one is signed")};
  }
  return std::nullopt;
}

Objection CheckAsker(const Agreement& agreement, const std::string& asker) {
  if (agreement.askers.empty() ||
      std::find(agreement.askers.begin(), agreement.askers.end(), asker) !=
          agreement.askers.end()) {
    return std::nullopt;
  }
  return No{Clause::kWho, "the agreement does not name who asks"};
}

Objection CheckPurpose(const Agreement& agreement, const std::string& purpose) {
  std::vector<std::string> allowed;
  for (const auto& terms : agreement.purposes) {
    if (terms.purpose->id == purpose) return std::nullopt;
    allowed.push_back(terms.purpose->id);
  }
  return No{Clause::kWhatFor,
            absl::StrCat("the agreement does not allow the purpose ",
                         purpose.substr(0, 40),
                         "; it allows: ", absl::StrJoin(allowed, ", "))};
}

const DataSetTerms* TermsOf(const Agreement& agreement,
                            const DataSet* data_set) {
  for (const DataSetTerms& terms : agreement.data_sets) {
    if (terms.data_set == data_set) return &terms;
  }
  return nullptr;
}

Objection NoDataSet(const Agreement& agreement, const DataSet& data_set) {
  const auto name = [](std::string* out, const DataSetTerms& terms) {
    out->append(terms.data_set->id);
  };
  return No{Clause::kWhichRecords,
            absl::StrCat("the agreement does not cover ", data_set.id,
                         "; it covers: ",
                         absl::StrJoin(agreement.data_sets, ", ", name))};
}

Objection CheckFacts(const DataSetTerms& terms, const Plan& plan) {
  const DataSet& data_set = *terms.data_set;
  for (const PlanAxis& axis : plan.axes) {
    std::vector<Variable> same;
    bool covered = false;
    for (const Variable& finest : terms.variables) {
      covered = covered || Covers(data_set, finest, axis);
      if (finest.dimension == axis.dimension) same.push_back(finest);
    }
    if (covered) continue;
    const std::string& name =
        LevelOf(data_set, {axis.dimension, axis.level}).variable;
    return No{
        Clause::kWhichFacts,
        same.empty()
            ? absl::StrCat("the agreement does not cover ", name,
                           "; it covers: ", Names(data_set, terms.variables))
            : absl::StrCat("the question needs cells by ", name,
                           ", which is finer than agreed; ask by ",
                           Names(data_set, same), " or coarser")};
  }
  return std::nullopt;
}

Objection CheckMeasures(const DataSetTerms& terms, const Plan& plan) {
  for (const Measure& measure : plan.tables) {
    if (std::find(terms.measures.begin(), terms.measures.end(), measure) !=
        terms.measures.end()) {
      continue;
    }
    const auto name = [](std::string* out, const Measure& allowed) {
      out->append(allowed.ToString());
    };
    return No{Clause::kWhichMeasures,
              absl::StrCat("the agreement does not allow ", measure.ToString(),
                           " of ", terms.data_set->id, "; it allows: ",
                           absl::StrJoin(terms.measures, ", ", name))};
  }
  return std::nullopt;
}

// How many of the axes the crossing covers. A crossing names a dimension once.
size_t CoveredBy(const DataSet& data_set, const std::vector<Variable>& crossing,
                 const std::vector<PlanAxis>& axes) {
  return static_cast<size_t>(
      std::count_if(axes.begin(), axes.end(), [&](const PlanAxis& axis) {
        return std::any_of(
            crossing.begin(), crossing.end(),
            [&](const Variable& at) { return Covers(data_set, at, axis); });
      }));
}

Objection CheckCrossing(const DataSetTerms& terms, const Plan& plan) {
  if (plan.axes.size() <= static_cast<size_t>(terms.any_crossing_of)) {
    return std::nullopt;
  }
  const std::vector<Variable>* nearest = nullptr;
  size_t best = 0;
  for (const auto& crossing : terms.crossings) {
    const size_t covered = CoveredBy(*terms.data_set, crossing, plan.axes);
    if (covered == plan.axes.size()) return std::nullopt;
    if (nearest == nullptr || covered > best) nearest = &crossing;
    best = std::max(best, covered);
  }
  return No{
      Clause::kTogether,
      absl::StrCat("the agreement does not allow ", plan.TableKey(),
                   " to be asked together; ",
                   nearest == nullptr
                       ? absl::StrCat("ask for at most ", terms.any_crossing_of,
                                      " of them at once")
                       : absl::StrCat("the nearest it allows is ",
                                      Names(*terms.data_set, *nearest)))};
}

Objection CheckBudgets(const Agreement& agreement, const AskedNow& asked) {
  if (asked.asked.size() != agreement.budgets.size()) {
    return No{Clause::kHowMuch,
              "how many questions were asked before is not known"};
  }
  for (size_t i = 0; i < agreement.budgets.size(); ++i) {
    const Agreement::Budget& budget = agreement.budgets[i];
    const bool counts =
        budget.data_set == nullptr || budget.data_set == asked.plan->data_set;
    if (!counts || asked.asked[i] < budget.questions) continue;
    return No{Clause::kHowMuch,
              absl::StrCat("the agreement allows ", budget.questions,
                           " questions in ", budget.days, " days",
                           budget.data_set == nullptr
                               ? ""
                               : absl::StrCat(" of ", budget.data_set->id),
                           ", and they have been asked; ask again later")};
  }
  return std::nullopt;
}

bool UsesOneOf(const Plan& plan, const std::vector<std::string>& names) {
  const DataSet& data_set = *plan.data_set;
  return std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto at = data_set.FindVariable(name);
    if (!at.ok()) return false;  // a variable of another data set
    return std::any_of(plan.axes.begin(), plan.axes.end(),
                       [&](const PlanAxis& axis) {
                         return axis.dimension == at->dimension &&
                                data_set.dimensions[axis.dimension].Nests(
                                    axis.level, at->level);
                       });
  });
}

bool IsOf(const Agreement::QueryClass& given, const AskedNow& asked) {
  if (!given.data_sets.empty() &&
      std::find(given.data_sets.begin(), given.data_sets.end(),
                asked.plan->data_set) == given.data_sets.end()) {
    return false;
  }
  if (!given.variables.empty() && !UsesOneOf(*asked.plan, given.variables)) {
    return false;
  }
  if (given.first_use_of_crossing && !asked.first_use_of_crossing) return false;
  return !given.outside_release_plan || asked.outside_release_plan;
}

Ruling Refused(const No& no) {
  Ruling ruling;
  ruling.clause = no.clause;
  ruling.sentence = no.sentence;
  return ruling;
}

}  // namespace

Ruling CheckAgainstAgreement(const Agreement& agreement,
                             const AskedNow& asked) {
  const Plan& plan = *asked.plan;
  const DataSetTerms* terms = TermsOf(agreement, plan.data_set);
  Objection no = CheckAsker(agreement, asked.asker);
  if (!no) no = CheckDays(agreement, asked.now);
  if (!no) no = CheckPurpose(agreement, plan.query.purpose);
  if (!no && terms == nullptr) no = NoDataSet(agreement, *plan.data_set);
  if (!no) no = CheckFacts(*terms, plan);
  if (!no) no = CheckMeasures(*terms, plan);
  if (!no) no = CheckCrossing(*terms, plan);
  if (!no) no = CheckBudgets(agreement, asked);
  if (no) return Refused(*no);
  Ruling ruling;
  ruling.outcome = Ruling::Outcome::kAllowed;
  for (const Agreement::QueryClass& given : agreement.classes) {
    if (!IsOf(given, asked)) continue;
    ruling.outcome = Ruling::Outcome::kNeedsApproval;
    ruling.clause = Clause::kWhoDecides;
    ruling.classes.push_back(&given);
    ruling.approvers = std::max(ruling.approvers, given.approvers);
    ruling.one_from_agency = ruling.one_from_agency || given.one_from_agency;
    ruling.result_too = ruling.result_too || given.result_too;
  }
  return ruling;
}

}  // namespace cairn
