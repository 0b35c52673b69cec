#include "core/link/plan_file.h"

#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cairn/v1/release_plan.pb.h"
#include "core/base/status_macros.h"
#include "core/link/text_config.h"
#include "google/protobuf/text_format.h"

namespace cairn {
namespace {

using google::protobuf::TextFormat;
using Tree = TextFormat::ParseInfoTree;

// Reads one plan and says where in the file a problem is.
class PlanReader {
 public:
  PlanReader(const std::string& path, const Catalogue& catalogue)
      : path_(path), catalogue_(catalogue) {}

  absl::StatusOr<ReleasePlan> Read() {
    CAIRN_ASSIGN_OR_RETURN(const std::string text, ReadFile(path_));
    v1::ReleasePlan message;
    CAIRN_RETURN_IF_ERROR(ParseTextProto(path_, text, &message));
    v1::ReleasePlan again;
    TextFormat::Parser parser;
    Tree tree;
    parser.WriteLocationsTo(&tree);
    parser.ParseFromString(text, &again);
    for (int i = 0; i < message.data_set_size(); ++i) {
      CAIRN_RETURN_IF_ERROR(ReadDataSet(message.data_set(i), tree, i));
    }
    return std::move(plan_);
  }

 private:
  // The i-th element of a repeated field; of any other, i is -1.
  absl::Status Wrong(const Tree& tree, const char* type, const char* name,
                     int i, absl::string_view sentence) const {
    const auto* message =
        v1::ReleasePlan::descriptor()->file()->FindMessageTypeByName(type);
    const auto at = tree.GetLocation(message->FindFieldByName(name), i);
    return absl::InvalidArgumentError(
        absl::StrCat(path_, ":", at.line < 0 ? 1 : at.line + 1, ":",
                     at.line < 0 ? 1 : at.column + 1, ": ", sentence));
  }

  absl::Status ReadDataSet(const v1::DataSetPlan& message, const Tree& tree,
                           int i) {
    const auto* nested = tree.GetTreeForNested(
        v1::ReleasePlan::descriptor()->FindFieldByName("data_set"), i);
    const auto data_set = catalogue_.Find(message.id());
    if (!data_set.ok()) {
      return Wrong(*nested, "DataSetPlan", "id", -1,
                   data_set.status().message());
    }
    const auto [entry, fresh] = plan_.try_emplace(message.id());
    if (!fresh) {
      return Wrong(*nested, "DataSetPlan", "id", -1,
                   absl::StrCat("data set ", message.id(),
                                " is there twice; list all its tables in one"));
    }
    seen_.clear();
    for (int t = 0; t < message.table_size(); ++t) {
      CAIRN_RETURN_IF_ERROR(
          ReadTable(message.table(t), **data_set, *nested, t, &entry->second));
      if (entry->second.size() <= kMaxPlannedTables) continue;
      return Wrong(*nested, "DataSetPlan", "table", t,
                   absl::StrCat("data set ", message.id(), " has more than ",
                                kMaxPlannedTables,
                                " tables, each measure counted; leave out the "
                                "least used"));
    }
    return absl::OkStatus();
  }

  // `of`: the data set's, whose t-th table it is.
  absl::Status ReadTable(const v1::PlannedTable& message,
                         const DataSet& data_set, const Tree& of, int t,
                         std::vector<PlannedTable>* tables) {
    const Tree& tree = *of.GetTreeForNested(
        v1::DataSetPlan::descriptor()->FindFieldByName("table"), t);
    // Where it names no variable, there is no place of a name to point at.
    const auto wrong = [&](absl::string_view sentence) {
      return message.by().empty()
                 ? Wrong(of, "DataSetPlan", "table", t, sentence)
                 : Wrong(tree, "PlannedTable", "by", 0, sentence);
    };
    const std::vector<std::string> by(message.by().begin(), message.by().end());
    for (int i = 0; i < message.by_size(); ++i) {
      const auto variable = data_set.FindVariable(by[static_cast<size_t>(i)]);
      if (variable.ok()) continue;
      return Wrong(tree, "PlannedTable", "by", i, variable.status().message());
    }
    std::vector<Measure> measures;
    for (int i = 0; i < message.measure_size(); ++i) {
      const auto measure = MeasureOf(data_set, message.measure(i));
      if (!measure.ok()) {
        return Wrong(tree, "PlannedTable", "measure", i,
                     measure.status().message());
      }
      measures.push_back(*measure);
    }
    if (measures.empty()) measures.push_back(Measure{});
    for (const Measure& measure : measures) {
      auto table = MakePlannedTable(data_set, by, measure);
      if (!table.ok()) return wrong(table.status().message());
      if (!seen_.insert(absl::StrCat(measure.ToString(), "\n", table->Key()))
               .second) {
        return wrong(absl::StrCat("the table of ", measure.ToString(),
                                  by.empty()
                                      ? std::string(" as a whole")
                                      : absl::StrCat(" by ", table->Key()),
                                  " is there twice"));
      }
      tables->push_back(*std::move(table));
    }
    return absl::OkStatus();
  }

  static absl::StatusOr<Measure> MeasureOf(const DataSet& data_set,
                                           const std::string& text) {
    CAIRN_ASSIGN_OR_RETURN(const Measure measure, ParseMeasure(text));
    CAIRN_RETURN_IF_ERROR(MakePlannedTable(data_set, {}, measure).status());
    return measure;
  }

  const std::string& path_;
  const Catalogue& catalogue_;
  ReleasePlan plan_;
  std::set<std::string> seen_;
};

}  // namespace

absl::StatusOr<ReleasePlan> ReadReleasePlan(const std::string& path,
                                            const Catalogue& catalogue) {
  return PlanReader(path, catalogue).Read();
}

}  // namespace cairn
