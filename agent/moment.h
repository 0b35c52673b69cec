#ifndef CAIRN_AGENT_MOMENT_H_
#define CAIRN_AGENT_MOMENT_H_

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace cairn {

// How finely a moment is known. A finer question cannot be answered from it.
enum class Precision { kMonth, kDay, kMinute };

// A date, perhaps with a time, on the clocks of Europe/London. The hour that
// October repeats is not told apart.
struct Moment {
  int year = 0;
  int month = 0;    // 1 to 12
  int day = 0;      // 1 to 31; 0 if unknown
  int hour = -1;    // 0 to 23; -1 if unknown
  int minute = -1;  // 0 to 59; -1 if unknown
  Precision precision = Precision::kMonth;
};

// Reads a date as the systems of UK agencies export it:
//
//   YYYY-MM                                   month
//   YYYY-MM-DD, YYYYMMDD, DD/MM/YYYY          day
//   YYYY-MM-DDTHH:MM[:SS[.f]][Z|+hh:mm|-hh:mm]  minute; a space may stand for
//                                             the T, and f is 1 to 9 digits
//   DD/MM/YYYY HH:MM[:SS], YYYYMMDDHHMMSS     minute
//   20000 to 80000 (Excel, October 1954 to January 2119)   day
//   the same with a fraction, 1 to 16 digits  minute, to the nearest second
//                                             first; day if all are zeros
//
// Excel numbers are of its 1900 date system, in which 1 is 1 January 1900 and
// 60 is 29 February 1900, a day that never was: from 61 on, as here, the
// count is one more than the days passed. The older system of Excel for Mac,
// which counts from 1904, cannot be told from it and is not read.
//
// Seconds are checked, then dropped. A time with an offset is moved to
// Europe/London; one without is local already and stands as it is, even in the
// hour that March leaves out. Nothing is trimmed or guessed: months come second
// in DD/MM/YYYY, years have four digits.
//
// Returns INVALID_ARGUMENT for any other form, for a day or time that does not
// exist, and for a year outside 1800 to 2200 (systems write 9999 for "never"
// and 0001 for "not known"). The message is one sentence that never repeats
// the text. FAILED_PRECONDITION if the machine has no time zone data and the
// text has an offset.
absl::StatusOr<Moment> ParseMoment(absl::string_view text);

// 0 is Monday, 6 is Sunday; -1 if the day is not known.
int Weekday(const Moment& moment);

// Whole years from `birth` to `at`: the youngest age that agrees with what is
// known. So a birthday counts as past only if it must be: a birth known to the
// month is taken to be on the last day of it, and an event known to the month
// to be on the first. Somebody born on 29 February is a year older on 1 March
// in other years, as in English law. At least 0, but -1 if `birth` is certain
// to be later than `at`. Times of day do not matter.
int AgeInYears(const Moment& birth, const Moment& at);

}  // namespace cairn

#endif  // CAIRN_AGENT_MOMENT_H_
