#include "core/disclosure/proof.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace cairn {
namespace {

using Kind = SuppressionCell::Kind;

SuppressionCell CellOf(int64_t figure, int64_t largest_hidden) {
  SuppressionCell cell;
  cell.figure = figure;
  cell.shown = {figure, figure};
  if (figure <= largest_hidden) {
    cell.kind = Kind::kHidden;
    cell.hidden = cell.keep = {0, largest_hidden};
  }
  return cell;
}

// Two rows of `columns` cells, the row totals, the column totals, the total.
struct Cross {
  CellSystem system;
  std::vector<SuppressionCell> cells;
};
Cross CrossOf(const std::vector<std::vector<int64_t>>& rows) {
  const int columns = static_cast<int>(rows[0].size());
  const int height = static_cast<int>(rows.size());
  Cross cross{CellSystem((columns + 1) * (height + 1)), {}};
  std::vector<int64_t> figures;
  std::vector<int64_t> last(columns + 1, 0);
  for (const std::vector<int64_t>& row : rows) {
    int64_t sum = 0;
    for (int c = 0; c < columns; ++c) {
      figures.push_back(row[c]);
      sum += row[c];
      last[c] += row[c];
    }
    figures.push_back(sum);
    last[columns] += sum;
  }
  figures.insert(figures.end(), last.begin(), last.end());
  const int width = columns + 1;
  for (int r = 0; r <= height; ++r) {
    std::vector<int> children;
    for (int c = 0; c < columns; ++c) children.push_back(r * width + c);
    cross.system.AddRelation(r * width + columns, CellSystem::Tie::kSum,
                             children);
  }
  for (int c = 0; c <= columns; ++c) {
    std::vector<int> children;
    for (int r = 0; r < height; ++r) children.push_back(r * width + c);
    cross.system.AddRelation(height * width + c, CellSystem::Tie::kSum,
                             children);
  }
  for (const int64_t figure : figures) {
    cross.cells.push_back(CellOf(figure, 7));
  }
  return cross;
}

TEST(CertificatesHold, RefusesATableThatWasTamperedWith) {
  const Cross cross = CrossOf({{3, 40, 30}, {20, 5, 60}, {50, 30, 20}});
  const Suppression good = Suppress(cross.system, cross.cells, {});
  ASSERT_TRUE(good.unproved.empty());
  ASSERT_TRUE(CertificatesHold(cross.system, cross.cells, good));
  int tampered = 0;
  for (size_t c = 0; c < good.certificates.size(); ++c) {
    bool used = false;
    for (const auto& proof : good.proof) {
      used = used || proof[0] == static_cast<int>(c) ||
             proof[1] == static_cast<int>(c);
    }
    if (!used) continue;
    for (size_t i = 0; i < good.certificates[c].size(); ++i) {
      Suppression bad = good;
      ++bad.certificates[c][i].second;  // a sum no longer holds
      EXPECT_FALSE(CertificatesHold(cross.system, cross.cells, bad));
      ++tampered;
    }
  }
  EXPECT_GT(tampered, 5);
  Suppression shown = good;  // a complement shown after all
  for (int cell = 0; cell < cross.system.cells(); ++cell) {
    if (cross.cells[cell].kind != Kind::kOpen || !good.hidden[cell]) continue;
    shown.known[cell] = cross.cells[cell].shown;
  }
  EXPECT_FALSE(CertificatesHold(cross.system, cross.cells, shown));
}

// A search among records none of which may change.
class FindsNothing : public CertificateSearch {
 public:
  void SetBudget(int64_t) override {}
  int64_t budget() const override { return 0; }
  void SetBounds(int, const Range&, const Range&, double) override {}
  Found Reach(int, int64_t, double, double, uint64_t) override { return {}; }
  Found Resume(const Found&, Figures, double, double, uint64_t) override {
    return {};
  }
  std::vector<std::pair<int, int64_t>> FiguresOf(const Found&) override {
    return {};
  }
};

// Four small cells in a square stand for each other.
TEST(Suppress, WhatRecordsDoNotShowTablesDo) {
  const Cross cross = CrossOf({{3, 4, 30}, {5, 2, 60}, {50, 30, 20}});
  SuppressionOptions options;
  options.exact_only = true;
  FindsNothing records;
  const Suppression result =
      Suppress(cross.system, cross.cells, options, {}, &records);
  EXPECT_TRUE(result.unproved.empty());
  EXPECT_FALSE(result.certificates.empty());
  EXPECT_TRUE(CertificatesHold(cross.system, cross.cells, result, options));
}

// 1 9 / 9 1 with all else shown: each of the two people would know the other.
TEST(SuppressAndProve, OnePersonLearnsNothingOfAnother) {
  Cross cross = CrossOf({{1, 9, 30}, {9, 1, 30}, {30, 30, 30}});
  const Suppression result = SuppressAndProve(cross.system, &cross.cells);
  EXPECT_TRUE(result.unproved.empty());
  // All tables with these totals and the first person's cell at 1: the second
  // person's cell must be able to be another than 1. By brute force over what
  // the hidden cells may be.
  bool another = false;
  const auto can = [&](int cell, int64_t figure) {
    return result.known[cell].Holds(figure);
  };
  for (int64_t b = 0; b < 60 && !another; ++b) {
    for (int64_t d = 0; d < 60 && !another; ++d) {
      for (int64_t e = 0; e < 8 && !another; ++e) {
        for (int64_t shift = -25; shift <= 25 && !another; ++shift) {
          for (int64_t more = -25; more <= 25 && !another; ++more) {
            if (e == 1) continue;
            // Cells 0 1 2 | 4 5 6 | 8 9 10 and their totals.
            const int64_t f[9] = {1,         b,  30 + shift, d, e,
                                  30 + more, 30, 30,         30};
            bool ok = true;
            for (int i = 0; i < 9 && ok; ++i) ok = can(i / 3 * 4 + i % 3, f[i]);
            for (int i = 0; i < 3 && ok; ++i) {
              ok = can(i * 4 + 3, f[3 * i] + f[3 * i + 1] + f[3 * i + 2]) &&
                   can(12 + i, f[i] + f[i + 3] + f[i + 6]);
            }
            int64_t total = 0;
            for (const int64_t one : f) total += one;
            another = ok && can(15, total);
          }
        }
      }
    }
  }
  EXPECT_TRUE(another);
}

// A total of 1 to 7 was told before, and so were three that are exact. That the
// second row has none in the first column would make the total at least 3: so
// this zero is not shown.
TEST(Suppress, ANewZeroIsHiddenWhereItNarrowsWhatWasToldBefore) {
  Cross cross = CrossOf({{2, 1}, {0, 20}, {7, 1}});
  constexpr int kZero = 3, kTotal = 2;
  for (SuppressionCell& cell : cross.cells) {
    cell.hidden = {1, cell.sensitive() ? 7 : kNoLimit};
    if (cell.sensitive()) cell.keep = {1, 7};
  }
  SuppressionCell& zero = cross.cells[kZero];
  zero.kind = Kind::kZero;
  zero.shown = zero.hidden = {0, 0};
  zero.keep = {1, 0};
  for (const int told : {kTotal, 5, 8, 9, 10, 11}) {
    cross.cells[told].kind = Kind::kFixed;
  }
  for (const int blank : {kTotal, 10, 11}) {
    cross.cells[blank].shown = {1, kNoLimit};
  }
  const Suppression result = Suppress(cross.system, cross.cells, {});
  EXPECT_TRUE(result.unproved.empty());
  EXPECT_TRUE(result.hidden[kZero]);
  EXPECT_TRUE(CertificatesHold(cross.system, cross.cells, result));
  // By brute force: of the six inner cells two are free within a total.
  for (int64_t total = 1; total <= 7; ++total) {
    bool possible = false;
    for (int64_t a = 0; a <= total; ++a) {
      for (int64_t b = 0; b <= 9; ++b) {
        const int64_t cells[] = {a,  total - a, total,           b, 20 - b,
                                 20, 9 - a - b, 8 - (9 - a - b), 8};
        bool fits = true;
        for (int i = 0; i < 9; ++i) {
          fits = fits && result.known[i].Holds(cells[i]);
        }
        possible = possible || fits;
      }
    }
    EXPECT_TRUE(possible) << total;
  }
}

}  // namespace
}  // namespace cairn
