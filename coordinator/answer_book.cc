#include "coordinator/answer_book.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "coordinator/coarser_offer.h"
#include "core/base/status_macros.h"
#include "core/base/utf8.h"
#include "core/disclosure/merge.h"
#include "core/link/policy_file.h"
#include "core/link/receipt_wire.h"
#include "core/link/translate.h"
#include "core/query/evaluate.h"
#include "core/query/structural_zeros.h"

namespace cairn {
namespace {

// Of a text that an agent says, this much is passed on.
constexpr size_t kTold = 500;
constexpr char kUnreadable[] = "sent an answer that cannot be read: ";

// What an agent says, for a line of the answer. A text that is cut within a
// character would make the whole answer one that nobody can read.
std::string Told(absl::string_view text) {
  return PrintableUtf8(text.substr(0, kTold));
}

// What the rows of like tables have in common, for the agencies of a question.
class BoundTables {
 public:
  explicit BoundTables(const Plan& plan) : plan_(plan) {}

  // `owner` keeps the table.
  absl::StatusOr<AgencyRows::Rows> RowsOf(
      const ProtectedTable& table, const std::shared_ptr<const void>& owner) {
    CAIRN_ASSIGN_OR_RETURN(const Bound* const found, Find(table));
    if (table.structural_zeros() != found->zeros) {
      return absl::InvalidArgumentError(
          "its structural zeros are not those of the catalogue");
    }
    BoundRows* const bound = found->rows.get();
    AgencyRows::Rows rows{bound->keys(), {owner, &table.cells()}};
    if (!bound->as_they_come()) {
      rows.cells = std::make_shared<const std::vector<Cell>>(
          bound->Cells(table.cells()));
    }
    return rows;
  }

 private:
  // So many different shapes are looked through: where agencies differ by
  // place, each has its own.
  static constexpr size_t kLookedAt = 8;

  struct Bound {
    std::unique_ptr<BoundRows> rows;
    std::vector<bool> zeros;  // StructuralZeroCells
  };

  absl::StatusOr<const Bound*> Find(const ProtectedTable& table) {
    for (size_t i = 0; i < std::min(kLookedAt, bound_.size()); ++i) {
      const Bound& candidate = bound_[bound_.size() - 1 - i];
      if (candidate.rows->additive() == table.additive() &&
          candidate.rows->shape() == table.shape()) {
        return &candidate;
      }
    }
    CAIRN_ASSIGN_OR_RETURN(
        auto fresh, BoundRows::Bind(plan_, table.shape(), table.additive()));
    bound_.push_back({std::move(fresh),
                      StructuralZeroCells(*plan_.data_set, table.shape())});
    return &bound_.back();
  }

  const Plan& plan_;
  std::vector<Bound> bound_;
};

// The rows of one agency, or why its tables do not answer the plan.
absl::StatusOr<AgencyRows> RowsFrom(const Plan& plan,
                                    const AgencyAnswer& answer,
                                    BoundTables* bound) {
  AgencyRows rows{answer.agency, true, {}};
  for (const Measure& measure : plan.tables) {
    const ProtectedTable* table = nullptr;
    for (const ProtectedTable& candidate : *answer.tables) {
      if (candidate.measure() == measure) table = &candidate;
    }
    if (table == nullptr || table->data_set() != plan.data_set->id) {
      return absl::InvalidArgumentError(
          absl::StrCat("no table of ", measure.ToString()));
    }
    CAIRN_ASSIGN_OR_RETURN(AgencyRows::Rows own,
                           bound->RowsOf(*table, answer.tables));
    rows.measures.push_back(std::move(own));
  }
  return rows;
}

bool AsksFor(const Plan& plan, DimensionKind kind) {
  return std::any_of(
      plan.axes.begin(), plan.axes.end(), [&](const PlanAxis& axis) {
        return plan.data_set->dimensions[axis.dimension].kind == kind;
      });
}

void AddCoverage(const AnswerContext& context,
                 const std::vector<AgencyAnswer>& answers, v1::Result* result) {
  const Plan& plan = *context.plan;
  const bool by_time = AsksFor(plan, DimensionKind::kTime);
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].outcome != AgencyAnswer::Outcome::kAnswered) continue;
    const auto& held = context.holdings[i]->month();
    const std::vector<std::string>& months_asked = plan.data_set->months;
    // Most cover all of them, in their order.
    if (held.empty() || std::equal(held.begin(), held.end(),
                                   months_asked.begin(), months_asked.end())) {
      continue;
    }
    const std::set<absl::string_view> covered(held.begin(), held.end());
    std::vector<std::string> lacking;
    for (const std::string& month : months_asked) {
      if (covered.count(month) == 0) lacking.push_back(month);
    }
    if (lacking.empty()) continue;
    const std::string months =
        lacking.size() <= 3
            ? absl::StrJoin(lacking, ", ")
            : absl::StrCat(lacking.size(), " months, first ", lacking[0]);
    result->add_warning(absl::StrCat(
        answers[i].agency, " does not cover ", months,
        by_time ? ": figures that need it are marked [x], not counted as zero"
                : ": its figures are for the months it covers"));
  }
}

// A year of which the data set's period has only a part is nobody's to give
// whole.
void AddPeriod(const Plan& plan, v1::Result* result) {
  for (const PlanAxis& axis : plan.axes) {
    if (axis.by < 0) continue;
    const Level& level =
        plan.data_set->dimensions[axis.dimension].levels[axis.by_level];
    if (std::find(level.whole.begin(), level.whole.end(), false) ==
        level.whole.end()) {
      continue;
    }
    result->add_warning(
        absl::StrCat("the data set covers ", plan.data_set->months.front(),
                     " to ", plan.data_set->months.back(), ": a ", level.title,
                     " that reaches beyond it is marked [x]"));
  }
}

void AddPlaces(const AnswerContext& context,
               const std::vector<AgencyAnswer>& answers, v1::Result* result) {
  if (!AsksFor(*context.plan, DimensionKind::kPlace)) return;
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].outcome != AgencyAnswer::Outcome::kAnswered) continue;
    if (context.holdings[i]->places_overlap()) {
      result->add_warning(absl::StrCat(
          answers[i].agency,
          " works inside other agencies' areas: its records are added in each "
          "place, so a place's figure is not one agency's, and rates by area "
          "do "
          "not hold for it"));
    }
  }
  result->add_warning(
      "places count what each agency records inside its own area; what it "
      "records elsewhere stands under OUT, without a place under U");
}

void AddMeaning(const Plan& plan, bool forced, bool overlap,
                v1::Result* result) {
  if (forced) {
    result->add_warning(
        overlap ? absl::StrCat("records of ", plan.data_set->id,
                               " in different agencies may be of the same "
                               "event: shown side by side, never added")
                : "the same person may be known to several agencies: distinct "
                  "persons are shown side by side, never added");
  }
  for (const PlanAxis& axis : plan.axes) {
    const Dimension& dimension = plan.data_set->dimensions[axis.dimension];
    if (!dimension.multi_valued) continue;
    result->add_warning(absl::StrCat(
        "a record may have several values of ", dimension.levels[0].variable,
        ": totals count records and are not the sum of the values"));
  }
}

void AddPersons(const AnswerContext& context,
                const std::vector<AgencyAnswer>& answers, v1::Result* result) {
  const auto& measures = context.plan->query.measures;
  const bool distinct =
      std::any_of(measures.begin(), measures.end(), [](const Measure& m) {
        return m.kind == Measure::Kind::kDistinctPersons;
      });
  if (!distinct) return;
  for (size_t i = 0; i < answers.size(); ++i) {
    const uint32_t percent = context.holdings[i]->without_person_percent();
    if (answers[i].outcome != AgencyAnswer::Outcome::kAnswered ||
        percent == 0) {
      continue;
    }
    result->add_warning(absl::StrCat(
        answers[i].agency, ": about ", percent,
        " % of its records have no person key and are left out of distinct "
        "persons"));
  }
}

// Where a series is broken, for whoever compares figures across it.
void AddBreaks(const AnswerContext& context,
               const std::vector<AgencyAnswer>& answers, v1::Result* result) {
  for (size_t i = 0; i < answers.size(); ++i) {
    if (answers[i].outcome != AgencyAnswer::Outcome::kAnswered) continue;
    for (const v1::SeriesBreak& broken : context.holdings[i]->series_break()) {
      result->add_warning(
          absl::StrCat(answers[i].agency, ": not comparable before and from ",
                       Told(broken.month()), " on: ", Told(broken.what())));
    }
  }
}

// Takes the receipt's texts, which are long.
void AddAgency(AgencyAnswer& answer, const v1::Holding& holding,
               v1::Result* result) {
  v1::AgencyOutcome* outcome = result->add_agency();
  outcome->set_agency(answer.agency);
  outcome->set_outcome(
      answer.outcome == AgencyAnswer::Outcome::kAnswered  ? v1::ANSWERED
      : answer.outcome == AgencyAnswer::Outcome::kRefused ? v1::REFUSED
                                                          : v1::SILENT);
  outcome->set_reason(answer.reason);
  outcome->set_elapsed_ms(answer.elapsed_ms);
  if (!answer.receipt.entry_hash.empty()) {
    outcome->mutable_receipt()->set_index(answer.receipt.index);
    outcome->mutable_receipt()->set_entry_hash(answer.receipt.entry_hash);
    outcome->mutable_receipt()->set_entry(std::move(answer.entry));
    outcome->mutable_receipt()->set_proof(std::move(answer.proof));
  }
  if (answer.tables != nullptr && !answer.tables->empty()) {
    *outcome->mutable_receipt()->mutable_disclosure() =
        ToProto(answer.disclosure);
    *outcome->mutable_rule() = ToProto(answer.tables->front().policy());
    outcome->set_epoch(holding.epoch());
    outcome->set_loaded_at(Told(holding.loaded_at()));
    if (!holding.month().empty()) {
      outcome->set_covers_from(Told(holding.month(0)));
      outcome->set_covers_to(Told(holding.month(holding.month_size() - 1)));
      outcome->set_months_covered(static_cast<uint32_t>(holding.month_size()));
    }
  }
}

v1::CellStatus StatusOf(CellStatus status) {
  switch (status) {
    case CellStatus::kPublished:
      return v1::PUBLISHED;
    case CellStatus::kSuppressed:
      return v1::SUPPRESSED;
    case CellStatus::kBounded:
      return v1::BOUNDED;
    case CellStatus::kUnavailable:
      return v1::UNAVAILABLE;
    case CellStatus::kNotApplicable:
      break;
  }
  return v1::NOT_APPLICABLE;
}

void AddRow(const RowKey& key, const std::string& agency,
            absl::Span<const Figure> figures, v1::Result* result) {
  for (size_t m = 0; m < figures.size(); ++m) {
    const Figure& figure = figures[m];
    v1::ResultRow* out = result->add_row();
    for (const std::string& code : key) out->add_key(code);
    out->set_agency(agency);
    out->set_measure(static_cast<uint32_t>(m));
    out->set_status(StatusOf(figure.status));
    if (figure.value) out->set_value(*figure.value);
    if (figure.low) out->set_low(*figure.low);
    if (figure.high) out->set_high(*figure.high);
  }
}

}  // namespace

absl::Status CheckHoldings(const v1::Hello& hello,
                           const std::optional<DisclosurePolicy>& floor) {
  if (!floor.has_value()) return absl::OkStatus();
  for (const v1::Holding& holding : hello.holding()) {
    const auto rule = MakePolicy(holding.rule());
    const absl::Status fits =
        rule.ok() ? CheckAtLeast(*rule, *floor) : rule.status();
    if (fits.ok()) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("the agent's rule for ", Told(holding.data_set()),
                     " cannot be taken: ", fits.message()));
  }
  return absl::OkStatus();
}

AgencyAnswer ReadAnswer(const std::string& agency, const v1::Answer& answer,
                        const std::optional<DisclosurePolicy>& floor) {
  AgencyAnswer read;
  read.agency = agency;
  read.elapsed_ms = answer.elapsed_ms();
  read.receipt = {answer.receipt().index(), answer.receipt().entry_hash()};
  read.entry = answer.receipt().entry();
  read.proof = answer.receipt().proof();
  if (answer.has_refusal()) {
    read.outcome = AgencyAnswer::Outcome::kRefused;
    const std::string& said = answer.refusal().sentence();
    read.reason = said.empty() ? "gave no reason" : Told(said);
    return read;
  }
  if (!answer.has_tables() || answer.tables().table().empty() ||
      answer.receipt().entry_hash().size() != 32) {
    read.reason = absl::StrCat(kUnreadable, "no table, or no receipt");
    return read;
  }
  auto tables = std::make_shared<std::vector<ProtectedTable>>();
  for (const v1::ProtectedTable& message : answer.tables().table()) {
    auto table = FromProto(message);
    if (!table.ok()) {
      read.reason = absl::StrCat(kUnreadable, Told(table.status().message()));
      return read;
    }
    if (floor.has_value()) {
      const absl::Status fits = CheckAtLeast(table->policy(), *floor);
      if (!fits.ok()) {
        read.reason =
            absl::StrCat("answered under a rule that cannot be taken: ",
                         Told(fits.message()));
        return read;
      }
    }
    tables->push_back(*std::move(table));
  }
  auto disclosure = FromProto(answer.receipt().disclosure(), *tables);
  if (!disclosure.ok()) {
    read.reason =
        absl::StrCat(kUnreadable, Told(disclosure.status().message()));
    return read;
  }
  read.disclosure = *std::move(disclosure);
  read.outcome = AgencyAnswer::Outcome::kAnswered;
  read.tables = std::move(tables);
  return read;
}

void FillResult(const AnswerContext& context, std::vector<AgencyAnswer> answers,
                v1::Result* result) {
  const Plan& plan = *context.plan;
  BoundTables bound(plan);
  std::vector<AgencyRows> rows;
  std::vector<int> decimals;
  for (const Measure& table : plan.tables) {
    const Quantity* quantity = plan.data_set->FindQuantity(table.quantity);
    decimals.push_back(quantity == nullptr ? 0 : quantity->decimals);
  }
  for (AgencyAnswer& answer : answers) {
    AgencyRows own{answer.agency, false, {}};
    if (answer.outcome == AgencyAnswer::Outcome::kAnswered) {
      auto evaluated = RowsFrom(plan, answer, &bound);
      if (evaluated.ok()) {
        own = *std::move(evaluated);
      } else {
        answer.outcome = AgencyAnswer::Outcome::kSilent;
        answer.reason =
            absl::StrCat(kUnreadable, Told(evaluated.status().message()));
      }
    }
    rows.push_back(std::move(own));
  }
  const bool distinct =
      std::any_of(plan.tables.begin(), plan.tables.end(), [](const Measure& m) {
        return m.kind == Measure::Kind::kDistinctPersons;
      });
  const bool overlap = plan.data_set->agencies == Combination::kOverlap;
  const bool forced =
      !context.split && answers.size() > 1 && (distinct || overlap);
  const bool split = context.split || forced;
  result->set_split_by_agency(split);
  const auto add = [result](const RowKey& key, const std::string& agency,
                            absl::Span<const Figure> figures) {
    AddRow(key, agency, figures, result);
  };
  if (split) {
    SideBySide(plan, decimals, rows, add);
  } else {
    Merge(plan, decimals, rows, add);
  }
  for (size_t i = 0; i < answers.size(); ++i) {
    AddAgency(answers[i], *context.holdings[i], result);
  }
  AddMeaning(plan, forced, overlap, result);
  AddPeriod(plan, result);
  AddCoverage(context, answers, result);
  AddBreaks(context, answers, result);
  AddPlaces(context, answers, result);
  AddPersons(context, answers, result);
  const std::string coarser = OfferCoarser(plan, *result);
  if (!coarser.empty()) result->add_warning(coarser);
}

std::string OutcomeOf(const v1::Result& result) {
  size_t answered = 0, refused = 0;
  for (const v1::AgencyOutcome& agency : result.agency()) {
    answered += agency.outcome() == v1::ANSWERED ? 1 : 0;
    refused += agency.outcome() == v1::REFUSED ? 1 : 0;
  }
  const auto all = static_cast<size_t>(result.agency_size());
  if (answered == all) return "complete";
  return refused == all ? "refused" : "partial";
}

}  // namespace cairn
