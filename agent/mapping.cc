#include "agent/mapping.h"

#include <algorithm>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "agent/load_held.h"
#include "agent/load_rollup.h"
#include "core/base/status_macros.h"
#include "core/disclosure/cell_key.h"

namespace cairn {
namespace {

// A column of free text must not fill the memory.
constexpr size_t kMaxRemembered = 1 << 16;
// Times of day hardly repeat, dates do.
constexpr size_t kDateBytes = 10;

constexpr char kNotMapped[] = "this value is not in the mapping";
constexpr char kEmptyField[] =
    "the field is empty and the mapping does not "
    "say what that means";
constexpr char kNotANumber[] = "this is not a number such as 2 or 2.5";
constexpr char kNoAge[] =
    "no age band follows from this as the date of birth, at the record's date";
constexpr char kTooCoarse[] =
    "this date is known less exactly than the first one of the source";

int MonthNumber(int year, int month) { return 12 * year + month; }

}  // namespace

absl::StatusOr<std::unique_ptr<RowMapper>> RowMapper::Create(
    const MappingInputs& inputs, absl::string_view pseudonym_key) {
  CAIRN_ASSIGN_OR_RETURN(LoadPlan plan, MakeLoadPlan(inputs));
  auto mapper = absl::WrapUnique(
      new RowMapper(std::move(plan), pseudonym_key,
                    RecordKeySecret(pseudonym_key, inputs.data_set->id)));
  for (const LoadPlan::Held& held : mapper->plan_.dimensions) {
    CAIRN_ASSIGN_OR_RETURN(v1::ExtractDimension dimension,
                           DescribeHeld(inputs, held));
    mapper->dimensions_.push_back(std::move(dimension));
  }
  mapper->RuleOut(*inputs.data_set);
  for (size_t i = 0; i < inputs.months.size(); ++i) {
    int year = 0, month = 0;
    if (!absl::SimpleAtoi(inputs.months[i].substr(0, 4), &year) ||
        !absl::SimpleAtoi(inputs.months[i].substr(5), &month)) {
      return absl::InvalidArgumentError("a covered month is not a month");
    }
    const int number = MonthNumber(year, month);
    if (i == 0) mapper->first_month_ = number;
    mapper->month_covered_.resize(number - mapper->first_month_ + 1, -1);
    mapper->month_covered_.back() = static_cast<int>(i);
  }
  return mapper;
}

void RowMapper::RuleOut(const DataSet& data_set) {
  if (data_set.structural_zeros.empty()) return;
  std::vector<TableAxis> axes;
  for (const LoadPlan::Held& held : plan_.dimensions) {
    TableAxis axis;
    axis.variable =
        data_set.dimensions[held.dimension].levels[held.level].variable;
    axis.codes = held.codes;
    axes.push_back(std::move(axis));
  }
  structural_zeros_ = StructuralZeros(data_set, axes);
  const auto is_about = [this](const StructuralZero& zero, int slot) {
    const auto slots = static_cast<int>(plan_.dimensions.size());
    return slot >= 0 && slot < slots &&
           std::any_of(zero.parts.begin(), zero.parts.end(),
                       [&](const StructuralZero::Part& part) {
                         return part.dimension ==
                                plan_.dimensions[slot].dimension;
                       });
  };
  for (const StructuralZero& zero : data_set.structural_zeros) {
    RuledOut said{plan_.date_column, ""};
    for (size_t c = 0; c < plan_.columns.size(); ++c) {
      if (is_about(zero, plan_.columns[c].slot)) {
        said.column = static_cast<int>(c);
      }
    }
    said.what = absl::StrCat(
        "no record can have this with its other codes, by ",
        StructuralZeroInWords(data_set, static_cast<int>(ruled_out_.size())));
    ruled_out_.push_back(std::move(said));
  }
}

bool RowMapper::IsRuledOut(const std::vector<absl::string_view>& fields,
                           const MappedRow& row, RowProblem* problem) {
  codes_.assign(row.values.begin(),
                row.values.begin() +
                    static_cast<std::ptrdiff_t>(plan_.dimensions.size()));
  const int number = structural_zeros_.Find(codes_);
  if (number == StructuralZeros::kNone) return false;
  const RuledOut& said = ruled_out_[static_cast<size_t>(number)];
  *problem = {plan_.columns[said.column].name, said.what,
              fields[memory_[said.column].position]};
  return true;
}

absl::Status RowMapper::Bind(const std::string& file,
                             const std::vector<std::string>& header) {
  size_t found_columns = 0;
  std::vector<std::string> missing;
  for (size_t c = 0; c < plan_.columns.size(); ++c) {
    const std::string& name = plan_.columns[c].name;
    const auto found = std::find_if(
        header.begin(), header.end(), [&name](const std::string& candidate) {
          return absl::StripAsciiWhitespace(candidate) == name;
        });
    if (found == header.end()) {
      missing.push_back(name);
      continue;
    }
    ++found_columns;
    memory_[c].position = static_cast<size_t>(found - header.begin());
  }
  if (missing.empty()) {
    std::vector<size_t> positions;
    for (const Memory& memory : memory_) positions.push_back(memory.position);
    record_keys_.Bind(positions);
    return absl::OkStatus();
  }
  // A first line without our columns may be a person's record: none of its
  // words may be shown then.
  if (found_columns < missing.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, ":1: there is no column '", missing[0],
        "', and hardly any other of the mapping; is the first line a header, "
        "and the mapping's delimiter the file's?"));
  }
  return absl::InvalidArgumentError(
      absl::StrCat(file, ":1: there is no column '", missing[0], "'",
                   DidYouMean(missing[0], header)));
}

RowMapper::Outcome RowMapper::Map(const std::vector<absl::string_view>& fields,
                                  MappedRow* row, RowProblem* problem) {
  const auto field_of = [&](int column) {
    return fields[memory_[column].position];
  };
  const Date date = DateOf(field_of(plan_.date_column));
  if (date.outside) return Outcome::kOutsidePeriod;
  if (date.went == Went::kRefused) {
    const absl::string_view field = field_of(plan_.date_column);
    *problem = {date_column(), WhyNoDate(field), field};
    return Outcome::kBad;
  }
  Count(date.went, &memory_[plan_.date_column]);
  row->person.reset();
  row->values.assign(plan_.dimensions.size() + plan_.quantities.size(), 0);
  StoreDate(date, row);
  for (size_t c = 0; c < plan_.columns.size(); ++c) {
    const LoadPlan::Column& column = plan_.columns[c];
    const absl::string_view field = fields[memory_[c].position];
    if (column.to == LoadPlan::To::kPerson) MapPerson(field, row);
    if (column.slot < 0) continue;
    const Code code = column.to == LoadPlan::To::kBirthDate
                          ? AgeOf(c, field, date)
                          : CodeOf(c, field);
    if (code.went == Went::kRefused) {
      *problem = {column.name, WhyNoCode(column, field), field};
      return Outcome::kBad;
    }
    Count(code.went, &memory_[c]);
    row->values[column.slot] = code.value;
  }
  if (!structural_zeros_.empty() && IsRuledOut(fields, *row, problem)) {
    return Outcome::kBad;
  }
  row->key = record_keys_.KeyOf(fields);
  return Outcome::kStored;
}

std::string RowMapper::WhyNoDate(absl::string_view field) const {
  const absl::string_view text = absl::StripAsciiWhitespace(field);
  if (text.empty()) return kEmptyField;
  const auto moment = ParseMoment(text);
  return moment.ok() ? kTooCoarse : std::string(moment.status().message());
}

std::string RowMapper::WhyNoCode(const LoadPlan::Column& column,
                                 absl::string_view field) const {
  if (absl::StripAsciiWhitespace(field).empty()) return kEmptyField;
  if (column.quantity != nullptr) return kNotANumber;
  return column.to == LoadPlan::To::kBirthDate ? kNoAge : kNotMapped;
}

RowMapper::Date RowMapper::DateOf(absl::string_view field) {
  if (field.size() <= kDateBytes) {
    const auto known = dates_.find(field);
    if (known != dates_.end()) return known->second;
  }
  const Date date = ReadDate(field);
  if (field.size() > kDateBytes && date.went != Went::kUnmapped) return date;
  if (dates_.size() < kMaxRemembered && dates_.emplace(field, date).second &&
      date.went == Went::kUnmapped) {
    ++memory_[plan_.date_column].unmapped_values;
  }
  return date;
}

RowMapper::Date RowMapper::ReadDate(absl::string_view field) const {
  const LoadPlan::Column& column = plan_.columns[plan_.date_column];
  const absl::string_view text = absl::StripAsciiWhitespace(field);
  Date date;
  if (text.empty()) {
    if (column.table.empty.has_value()) date.went = Went::kEmpty;
    return date;
  }
  if (column.table.Find(text).has_value()) {  // listed as not known
    date.went = Went::kMapped;
    return date;
  }
  const bool may_be_unknown = column.table.unmapped.has_value();
  const auto moment = ParseMoment(text);
  if (!moment.ok()) {
    if (may_be_unknown) date.went = Went::kUnmapped;
    return date;
  }
  date.went = Went::kMapped;
  KnowParts(*moment, &date);
  if (moment->precision >= plan_.precision || date.outside) return date;
  // Its month is known all the same.
  date.went = may_be_unknown ? Went::kUnmapped : Went::kRefused;
  return date;
}

void RowMapper::KnowParts(const Moment& moment, Date* date) const {
  const int number = MonthNumber(moment.year, moment.month) - first_month_;
  date->moment = moment;
  date->month = number < 0 || number >= static_cast<int>(month_covered_.size())
                    ? -1
                    : month_covered_[number];
  date->outside = date->month < 0;
  if (moment.precision >= Precision::kDay) date->weekday = Weekday(moment);
  if (moment.precision >= Precision::kMinute) date->hour = moment.hour;
}

void RowMapper::StoreDate(const Date& date, MappedRow* row) const {
  for (size_t d = 0; d < plan_.dimensions.size(); ++d) {
    const LoadPlan::Held& held = plan_.dimensions[d];
    int code = 0;
    switch (held.from) {
      case LoadPlan::From::kColumn:
        continue;
      case LoadPlan::From::kConstant:
        row->values[d] = held.multi_valued ? 1 : 0;
        continue;
      case LoadPlan::From::kMonth:
        code = date.month < 0 ? -1 : held.code_of_month[date.month];
        break;
      case LoadPlan::From::kWeekday:
        code = date.weekday;
        break;
      case LoadPlan::From::kHour:
        code = date.hour;
        break;
    }
    row->values[d] = code < 0 ? held.unknown : code;
  }
}

RowMapper::Code RowMapper::CodeOf(size_t column, absl::string_view field) {
  Memory& memory = memory_[column];
  const auto known = memory.codes.find(field);
  if (known != memory.codes.end()) return known->second;
  const Code code = ReadCode(plan_.columns[column], field);
  if (memory.codes.size() < kMaxRemembered) {
    memory.codes.emplace(field, code);
    if (code.went == Went::kUnmapped) ++memory.unmapped_values;
  }
  return code;
}

RowMapper::Code RowMapper::ReadCode(const LoadPlan::Column& column,
                                    absl::string_view field) const {
  const absl::string_view text = absl::StripAsciiWhitespace(field);
  return column.multi_valued ? ReadSeveral(column, text)
                             : ReadOne(column, text);
}

RowMapper::Code RowMapper::ReadOne(const LoadPlan::Column& column,
                                   absl::string_view text) const {
  const CodeTable& table = column.table;
  if (text.empty()) {
    return table.empty ? Code{*table.empty, Went::kEmpty} : Code{};
  }
  auto value = table.Find(text);
  if (!value) value = table.FindBandOf(text);
  if (!value && column.quantity != nullptr) {
    value = ParseAmount(text, column.quantity->decimals);
    if (value) {
      value = std::clamp(*value, column.quantity->clip_low,
                         column.quantity->clip_high);
    }
  }
  if (value) return {*value, Went::kMapped};
  return table.unmapped ? Code{*table.unmapped, Went::kUnmapped} : Code{};
}

// A bit for each code. Empty parts of a list ("PP,,OW") say nothing.
RowMapper::Code RowMapper::ReadSeveral(const LoadPlan::Column& column,
                                       absl::string_view text) const {
  Code all{0, Went::kEmpty};
  const auto add = [&](absl::string_view part) {
    const Code one = ReadOne(column, absl::StripAsciiWhitespace(part));
    if (one.went == Went::kEmpty) return;
    if (one.went == Went::kRefused || all.went == Went::kRefused) {
      all.went = Went::kRefused;
      return;
    }
    all.value |= int64_t{1} << one.value;
    if (all.went != Went::kUnmapped) all.went = one.went;
  };
  if (column.split.empty()) {
    add(text);
  } else {
    for (const absl::string_view part :
         absl::StrSplit(text, column.split, absl::SkipWhitespace())) {
      add(part);
    }
  }
  if (all.went != Went::kEmpty) return all;
  const auto& empty = column.table.empty;
  return empty ? Code{int64_t{1} << *empty, Went::kEmpty} : Code{};
}

RowMapper::Birth RowMapper::BirthOf(size_t column, absl::string_view field) {
  Memory& memory = memory_[column];
  const auto known = memory.births.find(field);
  if (known != memory.births.end()) return known->second;
  const CodeTable& table = plan_.columns[column].table;
  const absl::string_view text = absl::StripAsciiWhitespace(field);
  Birth birth;
  if (text.empty()) {
    if (table.empty) birth = {Went::kEmpty, {}, *table.empty};
  } else if (const auto listed = table.Find(text); listed) {
    birth = {Went::kMapped, {}, *listed};
  } else if (const auto moment = ParseMoment(text); moment.ok()) {
    birth = {Went::kMapped, *moment, -1};
  } else if (table.unmapped) {
    birth = {Went::kUnmapped, {}, *table.unmapped};
  }
  if (memory.births.size() < kMaxRemembered) {
    memory.births.emplace(field, birth);
    if (birth.went == Went::kUnmapped) ++memory.unmapped_values;
  }
  return birth;
}

RowMapper::Code RowMapper::AgeOf(size_t column, absl::string_view field,
                                 const Date& date) {
  const Birth birth = BirthOf(column, field);
  if (birth.went == Went::kRefused || birth.code >= 0) {
    return {birth.code, birth.went};
  }
  const CodeTable& table = plan_.columns[column].table;
  const int age =
      date.moment.month == 0 ? -1 : AgeInYears(birth.moment, date.moment);
  const auto band = age < 0 ? std::nullopt : table.FindBand(age);
  if (band) return {*band, Went::kMapped};
  return table.unmapped ? Code{*table.unmapped, Went::kUnmapped} : Code{};
}

void RowMapper::MapPerson(absl::string_view field, MappedRow* row) const {
  const absl::string_view key = absl::StripAsciiWhitespace(field);
  if (key.empty()) return;
  if (plan_.columns[plan_.person_column].table.Find(key)) return;  // nobody
  row->person = pseudonymiser_.Of(key);
}

void RowMapper::Count(Went went, Memory* memory) const {
  if (went == Went::kUnmapped) ++memory->unmapped_rows;
  if (went == Went::kEmpty) ++memory->empty_rows;
}

std::vector<std::string> RowMapper::Quantities() const {
  std::vector<std::string> names;
  for (const Quantity* quantity : plan_.quantities) {
    names.push_back(quantity->variable);
  }
  return names;
}

std::vector<ColumnCounts> RowMapper::Counts() const {
  std::vector<ColumnCounts> counts;
  for (size_t c = 0; c < plan_.columns.size(); ++c) {
    const LoadPlan::Column& column = plan_.columns[c];
    const Memory& memory = memory_[c];
    if (column.slot < 0 && column.to != LoadPlan::To::kDate) continue;
    counts.push_back({column.name, memory.unmapped_rows, memory.unmapped_values,
                      column.unmapped_to, memory.empty_rows, column.empty_to});
  }
  return counts;
}

}  // namespace cairn
