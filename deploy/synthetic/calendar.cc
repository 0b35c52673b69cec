#include "deploy/synthetic/calendar.h"

#include <cstdio>
#include <vector>

namespace cairn::synthetic {
namespace {

// Days from 1970-01-01 to 2024-04-01.
constexpr int kEpoch = 19814;
constexpr int kOctoberHour = 209 * 24 + 1;  // 2024-10-27 01:00, twice
constexpr int kMarchHour = 363 * 24 + 1;    // 2025-03-30 01:00, never

// Per month from April, in percent of an average month.
constexpr int kViolenceSeason[] = {97,  108, 110, 114, 108, 102,
                                   103, 97,  101, 90,  86,  94};
constexpr int kFlatSeason[] = {98,  101, 103, 104, 102, 100,
                               101, 99,  100, 98,  94,  100};

// Per hour from midnight: nights that follow Friday and Saturday, other nights.
constexpr int kWeekendHours[] = {95, 88, 74, 56, 34, 18, 10, 9,
                                 11, 14, 18, 22, 27, 29, 32, 38,
                                 41, 43, 47, 53, 60, 69, 80, 92};
constexpr int kWeekHours[] = {26, 18, 12, 9,  6,  5,  7,  15, 24, 24, 26, 29,
                              35, 34, 37, 49, 47, 45, 46, 47, 48, 47, 42, 36};
constexpr int kDayHours[] = {9,  7,  6,  5,  5,  6,  10, 18, 32, 42, 47, 48,
                             47, 46, 46, 48, 50, 52, 49, 43, 35, 28, 20, 14};
constexpr int kOfficeHours[] = {0,  0,  0,  0,  0,  0, 0, 2, 12, 40, 45, 40,
                                30, 38, 42, 38, 20, 6, 2, 0, 0,  0,  0,  0};

// Holidays as day numbers, both ends included: Easter, May, summer, autumn,
// Christmas, February.
constexpr int kHolidays[][2] = {{0, 13},    {56, 60},   {115, 154},
                                {210, 214}, {266, 279}, {322, 326}};

bool InTerm(int day) {
  if (day % 7 >= 5) return false;
  for (const auto& holiday : kHolidays) {
    if (day >= holiday[0] && day <= holiday[1]) return false;
  }
  return true;
}

int HourWeight(Rhythm rhythm, int day, int hour) {
  const int weekday = day % 7;  // 0 = Monday
  const int month = MonthIndex(day);
  switch (rhythm) {
    case Rhythm::kViolence: {
      // Friday and Saturday evening, and the small hours after them.
      const bool weekend = hour >= 18 ? weekday == 4 || weekday == 5
                                      : weekday == 5 || weekday == 6;
      return kViolenceSeason[month] *
             (weekend ? kWeekendHours[hour] : kWeekHours[hour]);
    }
    case Rhythm::kDaytime:
      return kFlatSeason[month] * kDayHours[hour];
    case Rhythm::kSchool:
      return InTerm(day) ? kFlatSeason[month] * kOfficeHours[hour] : 0;
    case Rhythm::kOffice:
      return weekday < 5 ? kFlatSeason[month] * kOfficeHours[hour] : 0;
  }
  return 0;
}

}  // namespace

// Howard Hinnant's civil_from_days and days_from_civil, for years after 1600.
Date DateOf(int day) {
  const int z = day + kEpoch + 719468;
  const int era = z / 146097;
  const int doe = z - era * 146097;
  const int yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  const int doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
  const int mp = (5 * doy + 2) / 153;
  const int month = mp < 10 ? mp + 3 : mp - 9;
  return {yoe + era * 400 + (month <= 2 ? 1 : 0), month,
          doy - (153 * mp + 2) / 5 + 1};
}

int DayOf(const Date& date) {
  const int y = date.month <= 2 ? date.year - 1 : date.year;
  const int era = y / 400;
  const int yoe = y - era * 400;
  const int mp = date.month > 2 ? date.month - 3 : date.month + 9;
  const int doy = (153 * mp + 2) / 5 + date.day - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return era * 146097 + doe - 719468 - kEpoch;
}

int MonthIndex(int day) {
  const Date date = DateOf(day);
  return (date.year - 2024) * 12 + date.month - 4;
}

int AgeAt(const Date& birth, int day) {
  const Date now = DateOf(day);
  const bool had_birthday = now.month > birth.month ||
                            (now.month == birth.month && now.day >= birth.day);
  return now.year - birth.year - (had_birthday ? 0 : 1);
}

std::string IsoDate(const Date& date) {
  char text[40];
  std::snprintf(text, sizeof(text), "%04d-%02d-%02d", date.year, date.month,
                date.day);
  return text;
}

std::string UkDate(const Date& date) {
  char text[40];
  std::snprintf(text, sizeof(text), "%02d/%02d/%04d", date.day, date.month,
                date.year);
  return text;
}

std::string UkDateTime(const Moment& moment) {
  char text[16];
  std::snprintf(text, sizeof(text), " %02d:%02d", moment.hour(),
                moment.minute_of_hour());
  return UkDate(DateOf(moment.day())) + text;
}

std::string MillisecondStamp(const Moment& moment) {
  char text[24];
  std::snprintf(text, sizeof(text), " %02d:%02d:00.000", moment.hour(),
                moment.minute_of_hour());
  return IsoDate(DateOf(moment.day())) + text;
}

std::string CompactStamp(const Moment& moment, int second) {
  const Date date = DateOf(moment.day());
  char text[80];
  std::snprintf(text, sizeof(text), "%04d%02d%02d%02d%02d%02d", date.year,
                date.month, date.day, moment.hour(), moment.minute_of_hour(),
                second);
  return text;
}

Timetable::Timetable(Rhythm rhythm, int missing_month) {
  std::vector<uint32_t> weights;
  for (int day = 0; day < kDays; ++day) {
    for (int hour = 0; hour < 24; ++hour) {
      int weight = HourWeight(rhythm, day, hour);
      if (MonthIndex(day) == missing_month) weight = 0;
      const int slot = day * 24 + hour;
      if (slot == kOctoberHour) weight *= 2;
      if (slot == kMarchHour) weight = 0;
      weights.push_back(static_cast<uint32_t>(weight));
    }
  }
  hours_ = Weighted(weights);
}

Moment Timetable::At(Random& random, int64_t i, int64_t n) const {
  const auto total = static_cast<int64_t>(hours_.total());
  const int64_t point = (i * total + random.Below(hours_.total())) / n;
  const size_t slot = hours_.At(static_cast<uint32_t>(point));
  return {static_cast<int>(slot) * 60 + random.Between(0, 59)};
}

}  // namespace cairn::synthetic
