#ifndef CAIRN_CORE_BASE_STATUS_MACROS_H_
#define CAIRN_CORE_BASE_STATUS_MACROS_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Debian 12's Abseil has no status macros. These two are the whole of ours.

#define CAIRN_RETURN_IF_ERROR(expr)                               \
  do {                                                            \
    if (absl::Status cairn_status = (expr); !cairn_status.ok()) { \
      return cairn_status;                                        \
    }                                                             \
  } while (false)

#define CAIRN_ASSIGN_OR_RETURN(lhs, expr) \
  CAIRN_ASSIGN_OR_RETURN_AT(CAIRN_CONCAT(cairn_or_, __LINE__), lhs, expr)

#define CAIRN_ASSIGN_OR_RETURN_AT(or_value, lhs, expr)     \
  auto or_value = (expr);                                  \
  if (!or_value.ok()) return std::move(or_value).status(); \
  lhs = *std::move(or_value)

#define CAIRN_CONCAT(a, b) CAIRN_CONCAT_INNER(a, b)
#define CAIRN_CONCAT_INNER(a, b) a##b

#endif  // CAIRN_CORE_BASE_STATUS_MACROS_H_
