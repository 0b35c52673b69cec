#ifndef CAIRN_DEPLOY_SYNTHETIC_CALENDAR_H_
#define CAIRN_DEPLOY_SYNTHETIC_CALENDAR_H_

#include <cstdint>
#include <string>

#include "deploy/synthetic/random.h"

namespace cairn::synthetic {

struct Date {
  int year;
  int month;  // 1..12
  int day;    // 1..31
};

// Days since 2024-04-01, a Monday and the first day of the synthetic year,
// which has kDays days. Days before it are negative.
inline constexpr int kDays = 365;
Date DateOf(int day);
int DayOf(const Date& date);
// 0 = April 2024 .. 11 = March 2025; 12 and on after it.
int MonthIndex(int day);

// Local time in minutes since 2024-04-01 00:00, Europe/London as clocks show
// it: 27 October has its hour from 01:00 twice, 30 March has none.
struct Moment {
  static constexpr int kShift = 1440 * 1000;  // days before are negative
  int minute;
  int day() const { return (minute + kShift) / 1440 - kShift / 1440; }
  int hour() const { return (minute + kShift) % 1440 / 60; }
  int minute_of_hour() const { return (minute + kShift) % 60; }
};

int AgeAt(const Date& birth, int day);

std::string IsoDate(const Date& date);               // 2024-04-01
std::string UkDate(const Date& date);                // 01/04/2024
std::string UkDateTime(const Moment& moment);        // 01/04/2024 00:42
std::string MillisecondStamp(const Moment& moment);  // 2024-04-01 00:42:00.000
std::string CompactStamp(const Moment& moment, int second);  // 20240401004207

enum class Rhythm {
  kViolence,  // summer, weekend nights
  kDaytime,   // accidents: every day, mostly by day
  kSchool,    // school days in term
  kOffice,    // Monday to Friday
};

// Draws times with the season, week and hours of a rhythm.
class Timetable {
 public:
  // `missing_month`: a month index in which nothing happens, or -1.
  Timetable(Rhythm rhythm, int missing_month);

  // A time near the i-th n-th part of the year's events: i = 0..n-1 gives times
  // in order, as exports have them, which still follow the rhythm.
  Moment At(Random& random, int64_t i, int64_t n) const;

 private:
  Weighted hours_;
};

}  // namespace cairn::synthetic

#endif  // CAIRN_DEPLOY_SYNTHETIC_CALENDAR_H_
