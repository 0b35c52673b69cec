#include "core/link/translate.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/base/status_macros.h"
#include "core/disclosure/table_maker.h"
#include "core/link/cell_reader.h"
#include "core/link/policy_file.h"
#include "google/protobuf/io/coded_stream.h"

namespace cairn {
namespace {

constexpr int kMaxNesting = 100;

absl::Status Invalid(absl::string_view sentence) {
  return absl::InvalidArgumentError(sentence);
}

// A field we do not know may narrow a question: to pass it over would answer a
// wider one.
bool HasUnknownField(const google::protobuf::Message& message) {
  const google::protobuf::Reflection* reflection = message.GetReflection();
  if (!reflection->GetUnknownFields(message).empty()) return true;
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() !=
        google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    }
    if (!field->is_repeated()) {
      if (HasUnknownField(reflection->GetMessage(message, field))) return true;
      continue;
    }
    for (int i = 0; i < reflection->FieldSize(message, field); ++i) {
      if (HasUnknownField(reflection->GetRepeatedMessage(message, field, i))) {
        return true;
      }
    }
  }
  return false;
}

absl::StatusOr<Literal> FromProto(const v1::Literal& message) {
  switch (message.kind_case()) {
    case v1::Literal::kText:
      if (message.text().size() > 1000) return Invalid("a value is too long");
      return Literal(message.text());
    case v1::Literal::kNumber:
      return Literal(message.number());
    default:
      return Invalid("the filter is malformed: a condition has no value");
  }
}

v1::Literal ToProto(const Literal& literal) {
  v1::Literal message;
  if (std::holds_alternative<int64_t>(literal)) {
    message.set_number(std::get<int64_t>(literal));
  } else {
    message.set_text(std::get<std::string>(literal));
  }
  return message;
}

template <typename Values>
absl::Status ReadValues(const Values& values, Filter* filter) {
  for (const v1::Literal& value : values) {
    CAIRN_ASSIGN_OR_RETURN(Literal literal, FromProto(value));
    filter->values.push_back(std::move(literal));
  }
  return absl::OkStatus();
}

absl::StatusOr<Filter> ReadFilter(const v1::Filter& message, int depth);

absl::Status ReadParts(const v1::Filter::Many& many, Filter::Kind kind,
                       int depth, Filter* filter) {
  filter->kind = kind;
  if (many.part().empty()) {
    return Invalid("the filter is malformed: AND or OR of nothing");
  }
  for (const v1::Filter& part : many.part()) {
    CAIRN_ASSIGN_OR_RETURN(Filter read, ReadFilter(part, depth + 1));
    filter->parts.push_back(std::move(read));
  }
  return absl::OkStatus();
}

absl::StatusOr<Filter> ReadFilter(const v1::Filter& message, int depth) {
  if (depth > kMaxFilterDepth) {
    return Invalid(absl::StrCat("the filter is nested more than ",
                                kMaxFilterDepth, " deep"));
  }
  Filter filter;
  switch (message.node_case()) {
    case v1::Filter::kCompare: {
      filter.kind = Filter::Kind::kCompare;
      filter.variable = message.compare().variable();
      const int op = message.compare().op();
      if (op < v1::EQUAL || op > v1::GREATER_OR_EQUAL) {
        return Invalid("the filter is malformed: unknown comparison");
      }
      filter.op = static_cast<Comparison>(op - v1::EQUAL);
      CAIRN_ASSIGN_OR_RETURN(Literal value,
                             FromProto(message.compare().value()));
      filter.values.push_back(std::move(value));
      break;
    }
    case v1::Filter::kIn:
      filter.kind = Filter::Kind::kIn;
      filter.variable = message.in().variable();
      CAIRN_RETURN_IF_ERROR(ReadValues(message.in().value(), &filter));
      break;
    case v1::Filter::kBetween: {
      filter.kind = Filter::Kind::kBetween;
      filter.variable = message.between().variable();
      CAIRN_ASSIGN_OR_RETURN(Literal low, FromProto(message.between().low()));
      CAIRN_ASSIGN_OR_RETURN(Literal high, FromProto(message.between().high()));
      filter.values = {std::move(low), std::move(high)};
      break;
    }
    case v1::Filter::kIsNull:
      filter.kind = Filter::Kind::kIsNull;
      filter.variable = message.is_null().variable();
      break;
    case v1::Filter::kAllOf:
      CAIRN_RETURN_IF_ERROR(
          ReadParts(message.all_of(), Filter::Kind::kAnd, depth, &filter));
      break;
    case v1::Filter::kAnyOf:
      CAIRN_RETURN_IF_ERROR(
          ReadParts(message.any_of(), Filter::Kind::kOr, depth, &filter));
      break;
    case v1::Filter::kNegated: {
      filter.kind = Filter::Kind::kNot;
      CAIRN_ASSIGN_OR_RETURN(Filter part,
                             ReadFilter(message.negated(), depth + 1));
      filter.parts.push_back(std::move(part));
      break;
    }
    default:
      return Invalid("the filter is malformed: an empty condition");
  }
  if (filter.parts.empty() && filter.variable.empty()) {
    return Invalid("the filter is malformed: a condition has no variable");
  }
  return filter;
}

// ---- Tables ----

// Is a published cell wider than the rounding bin of its number?
bool IsSum(const Cell& cell, const ProtectedTable& table) {
  if (!table.worked_out()) return false;
  const Bin bin = table.measure().kind == Measure::Kind::kSum
                      ? RoundToBin(cell.value, table.base())
                      : NoisyBin(cell.value, table.policy());
  return cell.low != bin.low || cell.high != bin.high;
}

absl::StatusOr<TableAxis> ReadAxis(const v1::TableDimension& message) {
  TableAxis axis;
  axis.variable = message.variable();
  axis.codes.assign(message.code().begin(), message.code().end());
  axis.multi_valued = message.multi_valued();
  std::set<std::string> unique(axis.codes.begin(), axis.codes.end());
  if (axis.variable.empty() || unique.size() != axis.codes.size() ||
      unique.count("") > 0 || unique.count(kTotal) > 0 ||
      message.coverage_size() != message.code_size()) {
    return Invalid("the table has a dimension whose codes cannot be");
  }
  for (const int coverage : message.coverage()) {
    axis.part.push_back(coverage != v1::WHOLE);
  }
  for (const auto& given : message.roll_up()) {
    if (given.code_size() != message.code_size()) {
      return Invalid("the table has a roll-up of another length");
    }
    axis.roll_ups.push_back(
        {given.variable(), {given.code().begin(), given.code().end()}});
  }
  return axis;
}

}  // namespace

absl::Status ParseMessage(absl::string_view bytes, size_t max_bytes,
                          google::protobuf::Message* message) {
  if (bytes.size() > max_bytes) {
    return Invalid(absl::StrCat("the message has ", bytes.size(),
                                " bytes; at most ", max_bytes, " are read"));
  }
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t*>(bytes.data()),
      static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxNesting);
  if (!message->ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage()) {
    return Invalid(
        "the message cannot be read: damaged, nested more than 100 deep, or "
        "with text that is not UTF-8");
  }
  if (HasUnknownField(*message)) {
    return Invalid(
        "the message has a field this version does not know; both sides need "
        "the same version");
  }
  return absl::OkStatus();
}

absl::StatusOr<Filter> FromProto(const v1::Filter& message) {
  return ReadFilter(message, 1);
}

v1::Filter ToProto(const Filter& filter) {
  v1::Filter message;
  switch (filter.kind) {
    case Filter::Kind::kCompare: {
      auto* compare = message.mutable_compare();
      compare->set_variable(filter.variable);
      compare->set_op(
          static_cast<v1::Comparison>(v1::EQUAL + static_cast<int>(filter.op)));
      *compare->mutable_value() = ToProto(filter.values[0]);
      break;
    }
    case Filter::Kind::kIn:
      message.mutable_in()->set_variable(filter.variable);
      for (const Literal& value : filter.values) {
        *message.mutable_in()->add_value() = ToProto(value);
      }
      break;
    case Filter::Kind::kBetween:
      message.mutable_between()->set_variable(filter.variable);
      *message.mutable_between()->mutable_low() = ToProto(filter.values[0]);
      *message.mutable_between()->mutable_high() = ToProto(filter.values[1]);
      break;
    case Filter::Kind::kIsNull:
      message.mutable_is_null()->set_variable(filter.variable);
      break;
    case Filter::Kind::kAnd:
      for (const Filter& part : filter.parts) {
        *message.mutable_all_of()->add_part() = ToProto(part);
      }
      break;
    case Filter::Kind::kOr:
      for (const Filter& part : filter.parts) {
        *message.mutable_any_of()->add_part() = ToProto(part);
      }
      break;
    case Filter::Kind::kNot:
      *message.mutable_negated() = ToProto(filter.parts[0]);
      break;
  }
  return message;
}

absl::StatusOr<Query> FromProto(const v1::Query& message) {
  Query query;
  query.data_set = message.data_set();
  query.purpose = message.purpose();
  if (message.by_size() > 16 || message.measure_size() > 16) {
    return Invalid("at most 4 variables and 16 measures can be asked for");
  }
  query.by.assign(message.by().begin(), message.by().end());
  for (const std::string& text : message.measure()) {
    CAIRN_ASSIGN_OR_RETURN(const Measure measure, ParseMeasure(text));
    if (std::find(query.measures.begin(), query.measures.end(), measure) !=
        query.measures.end()) {
      return Invalid(
          absl::StrCat("measure ", text.substr(0, 60), " is asked for twice"));
    }
    query.measures.push_back(measure);
  }
  if (message.has_where()) {
    CAIRN_ASSIGN_OR_RETURN(query.where, FromProto(message.where()));
  }
  return query;
}

v1::Query ToProto(const Query& query) {
  v1::Query message;
  message.set_data_set(query.data_set);
  message.set_purpose(query.purpose);
  for (const std::string& variable : query.by) message.add_by(variable);
  for (const Measure& measure : query.measures) {
    message.add_measure(measure.ToString());
  }
  if (query.where.has_value()) *message.mutable_where() = ToProto(*query.where);
  return message;
}

absl::StatusOr<ProtectedTable> FromProto(const v1::ProtectedTable& message) {
  ProtectedTableMaker::Parts parts;
  parts.data_set = message.data_set();
  parts.epoch = message.epoch();
  CAIRN_ASSIGN_OR_RETURN(parts.measure, ParseMeasure(message.measure()));
  CAIRN_ASSIGN_OR_RETURN(parts.policy, MakePolicy(message.rule()));
  if (message.dimension_size() > kMaxVariables) {
    return Invalid("the table has more than 4 dimensions");
  }
  size_t cells = 1;
  for (const v1::TableDimension& dimension : message.dimension()) {
    CAIRN_ASSIGN_OR_RETURN(TableAxis axis, ReadAxis(dimension));
    cells *= axis.size();
    if (cells > kMaxTableCells) return Invalid("the table is too large");
    parts.shape.axes.push_back(std::move(axis));
  }
  if (message.state().size() != cells) {
    return Invalid("the table has another number of cells than its codes say");
  }
  if (parts.measure.kind == Measure::Kind::kMean) {
    return Invalid("a mean is not released as a table");
  }
  parts.base = parts.policy.rounding_base;
  if (parts.measure.kind == Measure::Kind::kSum) {
    parts.base = message.base();
    parts.clip_high = message.clip_high();
    parts.decimals = static_cast<int>(message.decimals());
    if (message.decimals() > 4 || parts.base < 1 || parts.base > kMaxFigure ||
        parts.clip_high < 1 || parts.clip_high > kMaxFigure ||
        parts.decimals > 4) {
      return Invalid("the table has a base or clip that cannot be");
    }
  }
  if (parts.measure.kind != Measure::Kind::kSum &&
      (message.base() != 0 || message.clip_high() != 0 ||
       message.decimals() != 0)) {
    return Invalid("the table is of counts, but has the base of a sum");
  }
  parts.worked_out = message.worked_out();
  CAIRN_ASSIGN_OR_RETURN(parts.cells, ReadCells(message, parts.base,
                                                parts.policy, parts.clip_high));
  if (message.state().find(kStructuralZero) != std::string::npos) {
    for (const char state : message.state()) {
      parts.structural_zeros.push_back(state == kStructuralZero);
    }
  }
  return ProtectedTableMaker::Make(std::move(parts));
}

v1::ProtectedTable ToProto(const ProtectedTable& table) {
  v1::ProtectedTable message;
  message.set_data_set(table.data_set());
  message.set_epoch(table.epoch());
  message.set_measure(table.measure().ToString());
  message.set_worked_out(table.worked_out());
  *message.mutable_rule() = ToProto(table.policy());
  for (const TableAxis& axis : table.shape().axes) {
    auto* dimension = message.add_dimension();
    dimension->set_variable(axis.variable);
    dimension->set_multi_valued(axis.multi_valued);
    for (size_t i = 0; i < axis.codes.size(); ++i) {
      dimension->add_code(axis.codes[i]);
      dimension->add_coverage(axis.part[i] ? v1::PART : v1::WHOLE);
    }
    for (const TableAxis::RollUp& roll_up : axis.roll_ups) {
      auto* up = dimension->add_roll_up();
      up->set_variable(roll_up.variable);
      for (const std::string& code : roll_up.codes) up->add_code(code);
    }
  }
  const bool sum = table.measure().kind == Measure::Kind::kSum;
  if (sum) {
    message.set_base(table.base());
    message.set_clip_high(table.clip_high());
    message.set_decimals(static_cast<uint32_t>(table.decimals()));
  }
  const int64_t range_low = table.policy().zeros_shown ? 1 : 0;
  const int64_t range_high =
      table.policy().largest_hidden_count * (sum ? table.clip_high() : 1);
  std::string* state = message.mutable_state();
  state->reserve(table.cells().size());
  const auto add_bounds = [&](CellState kind, const Cell& cell) {
    state->push_back(kind);
    message.add_bound_low(cell.low);
    message.add_bound_high(cell.high == kNoLimit ? -1 : cell.high);
  };
  const std::vector<bool>& zeros = table.structural_zeros();
  for (const Cell& cell : table.cells()) {
    if (!zeros.empty() && zeros[state->size()]) {
      state->push_back(kStructuralZero);
    } else if (cell.status == CellStatus::kPublished) {
      message.add_value(cell.value);
      if (IsSum(cell, table)) {
        add_bounds(kShownSum, cell);
      } else {
        state->push_back(kShown);
      }
    } else if (cell.status == CellStatus::kBounded) {
      add_bounds(kBoundedSum, cell);
    } else if (cell.low == range_low && cell.high == range_high) {
      state->push_back(kRange);
    } else {
      add_bounds(kBounds, cell);
    }
  }
  return message;
}

}  // namespace cairn
