#include "agent/record_key.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "agent/moment.h"

namespace cairn {
namespace {

// So that two texts in a row are never read as two others.
void AppendText(absl::string_view text, std::string* identity) {
  absl::StrAppend(identity, text.size(), ":", text);
}

// One text for each moment, however the source writes it.
void AppendDate(absl::string_view text, std::string* identity) {
  const auto moment = ParseMoment(text);
  if (!moment.ok()) return AppendText(text, identity);
  AppendText(absl::StrCat(moment->year, "-", moment->month, "-", moment->day,
                          " ", moment->hour, ":", moment->minute),
             identity);
}

}  // namespace

RecordKeyMaker::RecordKeyMaker(const LoadPlan& plan, absl::string_view secret)
    : keyed_(secret) {
  std::vector<int> order(plan.columns.size());
  for (size_t c = 0; c < order.size(); ++c) order[c] = static_cast<int>(c);
  std::sort(order.begin(), order.end(), [&plan](int a, int b) {
    const auto of = [&plan](int c) {
      const LoadPlan::Column& column = plan.columns[c];
      return std::tie(column.to, column.slot, column.name);
    };
    return of(a) < of(b);
  });
  for (const int c : order) {
    const LoadPlan::To to = plan.columns[c].to;
    const Column column = {
        c, to == LoadPlan::To::kDate || to == LoadPlan::To::kBirthDate};
    if (to == LoadPlan::To::kRecordKey) {
      record_key_.push_back(column);
      continue;  // where it counts, it is not empty
    }
    if (to == LoadPlan::To::kPerson) person_.push_back(column);
    all_.push_back(column);
  }
}

void RecordKeyMaker::Bind(const std::vector<size_t>& positions) {
  for (auto* columns : {&record_key_, &person_, &all_}) {
    for (Column& column : *columns) column.position = positions[column.number];
  }
}

bool RecordKeyMaker::Append(const std::vector<Column>& columns,
                            const std::vector<absl::string_view>& fields) {
  bool any = false;
  for (const Column& column : columns) {
    const absl::string_view text =
        absl::StripAsciiWhitespace(fields[column.position]);
    any = any || !text.empty();
    column.date ? AppendDate(text, &identity_) : AppendText(text, &identity_);
  }
  return any;
}

uint64_t RecordKeyMaker::KeyOf(const std::vector<absl::string_view>& fields) {
  identity_ = "key ";
  if (Append(record_key_, fields)) {
    Append(person_, fields);
  } else {
    identity_ = "all ";
    Append(all_, fields);
  }
  return keyed_.Bits(identity_);
}

}  // namespace cairn
