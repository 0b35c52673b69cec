#ifndef CAIRN_CORE_QUERY_FILTER_TOKEN_H_
#define CAIRN_CORE_QUERY_FILTER_TOKEN_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "core/query/filter.h"
#include "core/query/filter_text.h"

namespace cairn {

// One word of a filter.
struct FilterToken {
  enum class Kind {
    kWord,  // a variable or a keyword, as written
    kText,  // a literal in single quotes, quotes taken off
    kNumber,
    kOperator,  // = != <> < <= > >=
    kOpen,
    kClose,
    kComma,
    kEnd,
  };
  Kind kind = Kind::kEnd;
  size_t position = 0;  // of its first byte
  std::string text;     // kWord, kText
  int64_t number = 0;   // kNumber
  Comparison op = Comparison::kEqual;

  // True for this keyword, in any case.
  bool Is(absl::string_view keyword) const;
};

// Cuts text into tokens, one at a time, so that the first mistake in reading
// order is the one that is reported. The text must be UTF-8.
class FilterLexer {
 public:
  explicit FilterLexer(absl::string_view text) : text_(text) {}

  // Nothing if a token was read; at the end, kEnd again and again.
  std::optional<FilterError> Next(FilterToken* token);

 private:
  using MaybeError = std::optional<FilterError>;

  void SkipSpace();
  char Peek(size_t ahead = 0) const;
  MaybeError ReadWord(FilterToken* token);
  MaybeError ReadText(FilterToken* token);
  MaybeError ReadNumber(FilterToken* token);
  MaybeError ReadOperator(FilterToken* token);
  FilterError Refuse() const;

  absl::string_view text_;
  size_t at_ = 0;
};

}  // namespace cairn

#endif  // CAIRN_CORE_QUERY_FILTER_TOKEN_H_
