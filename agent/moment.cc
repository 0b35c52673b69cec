#include "agent/moment.h"

#include <cstddef>
#include <cstdint>
#include <tuple>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "core/base/status_macros.h"

namespace cairn {
namespace {

constexpr int kMinYear = 1800;
constexpr int kMaxYear = 2200;
constexpr int kMinSerial = 20000;
constexpr int kMaxSerial = 80000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The value of `size` digits at `at`, or -1 if they are not all there.
int Digits(absl::string_view text, size_t at, size_t size) {
  if (text.size() < at + size) return -1;
  int value = 0;
  for (size_t i = at; i < at + size; ++i) {
    if (!IsDigit(text[i])) return -1;
    value = 10 * value + (text[i] - '0');
  }
  return value;
}

bool Has(absl::string_view text, size_t at, char c) {
  return at < text.size() && text[at] == c;
}

size_t CountDigits(absl::string_view text) {
  size_t count = 0;
  while (count < text.size() && IsDigit(text[count])) ++count;
  return count;
}

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[month - 1];
}

absl::Status UnknownForm() {
  return absl::InvalidArgumentError(
      "this is not a date in a form that can be read; write it as YYYY-MM-DD, "
      "YYYY-MM-DDTHH:MM, DD/MM/YYYY or YYYY-MM");
}

absl::Status CheckMonth(int year, int month) {
  if (year < kMinYear || year > kMaxYear) {
    return absl::InvalidArgumentError(
        "the year of the date is not between 1800 and 2200");
  }
  if (month < 1 || month > 12) {
    return absl::InvalidArgumentError(
        "the month of the date is not between 1 and 12");
  }
  return absl::OkStatus();
}

absl::StatusOr<Moment> Day(int year, int month, int day) {
  if (absl::Status month_ok = CheckMonth(year, month); !month_ok.ok()) {
    return month_ok;
  }
  if (day < 1 || day > DaysInMonth(year, month)) {
    return absl::InvalidArgumentError("the month of the date has no such day");
  }
  return Moment{year, month, day, -1, -1, Precision::kDay};
}

absl::StatusOr<Moment> AtTime(absl::StatusOr<Moment> day, int hour, int minute,
                              int second) {
  if (!day.ok()) return day;
  if (hour > 23 || minute > 59 || second > 59) {
    return absl::InvalidArgumentError(
        "the time of the date is not between 00:00:00 and 23:59:59");
  }
  day->hour = hour;
  day->minute = minute;
  day->precision = Precision::kMinute;
  return day;
}

Moment FromCivil(const absl::CivilSecond& civil) {
  return Moment{static_cast<int>(civil.year()),
                civil.month(),
                civil.day(),
                civil.hour(),
                civil.minute(),
                Precision::kMinute};
}

// Null if the machine has no time zone data.
const absl::TimeZone* London() {
  static const absl::TimeZone* const zone = [] {
    auto* loaded = new absl::TimeZone;
    const bool found = absl::LoadTimeZone("Europe/London", loaded);
    return found ? loaded : nullptr;
  }();
  return zone;
}

// `offset` is how many minutes the clock that showed `moment` is before UTC.
absl::StatusOr<Moment> ToLondon(const Moment& moment, int offset) {
  if (London() == nullptr) {
    return absl::FailedPreconditionError(
        "the time zone Europe/London is not installed; install tzdata");
  }
  const absl::CivilSecond shown(moment.year, moment.month, moment.day,
                                moment.hour, moment.minute);
  const absl::Time time =
      absl::FromCivil(shown, absl::UTCTimeZone()) - absl::Minutes(offset);
  return FromCivil(London()->At(time).cs);
}

// `rest` is what follows the time: nothing, Z, +hh:mm or -hh:mm.
absl::StatusOr<Moment> WithOffset(absl::StatusOr<Moment> moment,
                                  absl::string_view rest) {
  if (!moment.ok() || rest.empty()) return moment;
  if (rest == "Z") return ToLondon(*moment, 0);
  const int hours = Digits(rest, 1, 2);
  const int minutes = Digits(rest, 4, 2);
  const bool sign = rest[0] == '+' || rest[0] == '-';
  if (!sign || rest.size() != 6 || rest[3] != ':' || hours < 0 || minutes < 0) {
    return UnknownForm();
  }
  if (minutes > 59 || 60 * hours + minutes > 14 * 60) {
    return absl::InvalidArgumentError(
        "the offset of the time from UTC is more than 14 hours");
  }
  const int offset = 60 * hours + minutes;
  return ToLondon(*moment, rest[0] == '+' ? offset : -offset);
}

// A time, HH:MM[:SS], and how many characters it takes; 0 if it is not one.
struct Time {
  int hour = 0;
  int minute = 0;
  int second = 0;
  size_t size = 0;
};

Time ReadTime(absl::string_view text) {
  Time time{Digits(text, 0, 2), Digits(text, 3, 2), 0, 5};
  if (time.hour < 0 || time.minute < 0 || text[2] != ':') return Time();
  if (!Has(text, 5, ':')) return time;
  time.second = Digits(text, 6, 2);
  time.size = 8;
  return time.second < 0 ? Time() : time;
}

// YYYY-MM and what may follow it.
absl::StatusOr<Moment> ParseIso(absl::string_view text) {
  const int year = Digits(text, 0, 4);
  const int month = Digits(text, 5, 2);
  if (year < 0 || month < 0) return UnknownForm();
  if (text.size() == 7) {
    if (absl::Status ok = CheckMonth(year, month); !ok.ok()) return ok;
    return Moment{year, month, 0, -1, -1, Precision::kMonth};
  }
  const int day = Digits(text, 8, 2);
  if (day < 0 || text[7] != '-') return UnknownForm();
  if (text.size() == 10) return Day(year, month, day);
  if (text[10] != 'T' && text[10] != ' ') return UnknownForm();
  text.remove_prefix(11);
  const Time time = ReadTime(text);
  if (time.size == 0) return UnknownForm();
  text.remove_prefix(time.size);
  if (time.size == 8 && Has(text, 0, '.')) {
    const size_t digits = CountDigits(text.substr(1));
    if (digits < 1 || digits > 9) return UnknownForm();
    text.remove_prefix(1 + digits);
  }
  return WithOffset(
      AtTime(Day(year, month, day), time.hour, time.minute, time.second), text);
}

// DD/MM/YYYY and what may follow it.
absl::StatusOr<Moment> ParseBritish(absl::string_view text) {
  const int day = Digits(text, 0, 2);
  const int month = Digits(text, 3, 2);
  const int year = Digits(text, 6, 4);
  if (day < 0 || month < 0 || year < 0 || text[5] != '/') return UnknownForm();
  if (text.size() == 10) return Day(year, month, day);
  if (text[10] != ' ') return UnknownForm();
  text.remove_prefix(11);
  const Time time = ReadTime(text);
  if (time.size == 0 || time.size != text.size()) return UnknownForm();
  return AtTime(Day(year, month, day), time.hour, time.minute, time.second);
}

// YYYYMMDD or YYYYMMDDHHMMSS.
absl::StatusOr<Moment> ParseCompact(absl::string_view text) {
  const auto day =
      Day(Digits(text, 0, 4), Digits(text, 4, 2), Digits(text, 6, 2));
  if (text.size() == 8) return day;
  return AtTime(day, Digits(text, 8, 2), Digits(text, 10, 2),
                Digits(text, 12, 2));
}

// Five digits, perhaps a point and the part of the day that has passed.
absl::StatusOr<Moment> ParseExcel(absl::string_view text) {
  const int serial = Digits(text, 0, 5);
  if (serial < kMinSerial || serial > kMaxSerial) {
    return absl::InvalidArgumentError(
        "the Excel date number is not between 20000 and 80000");
  }
  // Not 31 December 1899, because of the day that Excel counts and never was.
  const absl::CivilDay day = absl::CivilDay(1899, 12, 30) + serial;
  uint64_t part = 0;
  uint64_t whole = 1;
  for (char c : text.substr(text.size() > 5 ? 6 : 5)) {
    part = 10 * part + static_cast<uint64_t>(c - '0');
    whole *= 10;
  }
  if (part == 0) {
    return Moment{static_cast<int>(day.year()),
                  day.month(),
                  day.day(),
                  -1,
                  -1,
                  Precision::kDay};
  }
  const double passed = static_cast<double>(part) / static_cast<double>(whole);
  const auto seconds = static_cast<int64_t>(passed * 86400 + 0.5);
  return FromCivil(absl::CivilSecond(day) + seconds);
}

}  // namespace

absl::StatusOr<Moment> ParseMoment(absl::string_view text) {
  if (Has(text, 4, '-')) return ParseIso(text);
  if (Has(text, 2, '/')) return ParseBritish(text);
  const size_t digits = CountDigits(text);
  if (digits == text.size() && (digits == 8 || digits == 14)) {
    return ParseCompact(text);
  }
  if (digits == 5 && text.size() == 5) return ParseExcel(text);
  if (digits == 5 && text[5] == '.') {
    const size_t fraction = CountDigits(text.substr(6));
    const bool whole_text = 6 + fraction == text.size();
    if (fraction >= 1 && fraction <= 16 && whole_text) return ParseExcel(text);
  }
  return UnknownForm();
}

int Weekday(const Moment& moment) {
  if (moment.day == 0) return -1;
  const absl::CivilDay day(moment.year, moment.month, moment.day);
  return static_cast<int>(absl::GetWeekday(day));
}

int AgeInYears(const Moment& birth, const Moment& at) {
  const bool both_days = birth.day != 0 && at.day != 0;
  const bool later =
      std::tie(birth.year, birth.month) > std::tie(at.year, at.month) ||
      (birth.year == at.year && birth.month == at.month && both_days &&
       birth.day > at.day);
  if (later) return -1;
  const int birthday =
      birth.day != 0 ? birth.day : DaysInMonth(birth.year, birth.month);
  const int today = at.day != 0 ? at.day : 1;
  const bool reached =
      std::tie(at.month, today) >= std::tie(birth.month, birthday);
  const int years = at.year - birth.year - (reached ? 0 : 1);
  return years < 0 ? 0 : years;
}

}  // namespace cairn
