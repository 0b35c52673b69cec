#include "core/disclosure/certificate_book.h"

#include <utility>

namespace cairn {

using Kind = SuppressionCell::Kind;

CertificateBook::CertificateBook(const std::vector<SuppressionCell>& cells,
                                 bool exact_only)
    : cells_(&cells),
      exact_only_(exact_only),
      proof_(cells.size(), {kNone, kNone}),
      relying_(cells.size()) {
  for (size_t i = 0; i < cells.size(); ++i) {
    LearnFigure(static_cast<int>(i), cells[i].figure, Suppression::kTruth);
  }
}

bool CertificateBook::Proved(int cell) const {
  return !(*cells_)[cell].sensitive() ||
         (Proved({cell, 0}) && Proved({cell, 1}));
}

std::vector<int> CertificateBook::Unproved() const {
  std::vector<int> open;
  for (int i = 0; i < static_cast<int>(cells_->size()); ++i) {
    if (!Proved(i)) open.push_back(i);
  }
  return open;
}

bool CertificateBook::Reaches(const CellEnd& end, int64_t figure) const {
  const SuppressionCell& what = (*cells_)[end.cell];
  if (!what.sensitive()) return false;
  if (exact_only_) return figure != what.figure;
  return end.side == 0 ? figure <= what.keep.low : figure >= what.keep.high;
}

int64_t CertificateBook::Goal(const CellEnd& end) const {
  const SuppressionCell& what = (*cells_)[end.cell];
  if (exact_only_) {
    return what.figure > what.keep.low ? what.figure - 1 : what.figure + 1;
  }
  return end.side == 0 ? what.keep.low : what.keep.high;
}

void CertificateBook::LearnFigure(int cell, int64_t figure, int certificate) {
  for (int side = 0; side < 2; ++side) {
    if (Proved({cell, side}) || !Reaches({cell, side}, figure)) continue;
    proof_[cell][side] = certificate;
    if (certificate >= 0) proves_[certificate].push_back({cell, side});
  }
}

void CertificateBook::Learn(CertificateSearch::Found found) {
  const int id = size();
  proves_.emplace_back();
  for (const auto& [cell, figure] : found.moved) {
    LearnFigure(cell, figure, id);
    // It could not be if this cell were shown.
    const SuppressionCell& what = (*cells_)[cell];
    if (what.kind == Kind::kOpen && !what.shown.Holds(figure)) {
      relying_[cell].push_back(id);
    }
  }
  certificates_.push_back(std::move(found.moved));
  edits_.push_back(std::move(found.edits));
}

void CertificateBook::LearnFraction(int cell, double change) {
  const SuppressionCell& what = (*cells_)[cell];
  const double figure = static_cast<double>(what.figure) + change;
  for (int side = 0; side < 2; ++side) {
    const CellEnd end = {cell, side};
    if (!what.sensitive() || Proved(end)) continue;
    const double goal = static_cast<double>(Goal(end));
    const bool up = Goal(end) > what.figure;
    if (up ? figure >= goal - 1e-6 : figure <= goal + 1e-6) {
      proof_[cell][side] = Suppression::kFraction;
      has_fractions_ = true;
    }
  }
}

CertificateSearch::Found CertificateBook::Get(int certificate) const {
  return {true, 0, {}, certificates_[certificate], edits_[certificate]};
}

std::vector<CellEnd> CertificateBook::ProvedBy(int certificate) const {
  std::vector<CellEnd> ends;
  for (const CellEnd& end : proves_[certificate]) {
    if (ProofOf(end) == certificate) ends.push_back(end);
  }
  return ends;
}

std::vector<CellEnd> CertificateBook::RelyingOn(int complement) const {
  std::vector<CellEnd> ends;
  for (const int certificate : relying_[complement]) {
    for (const CellEnd& end : ProvedBy(certificate)) ends.push_back(end);
  }
  return ends;
}

bool CertificateBook::IsOfTables(const CellEnd& end) const {
  const int certificate = ProofOf(end);
  return certificate >= 0 && edits_[certificate].empty();
}

void CertificateBook::Forget(int first) {
  for (int id = first; id < size(); ++id) {
    for (const auto& [cell, figure] : certificates_[id]) {
      std::vector<int>& relying = relying_[cell];
      while (!relying.empty() && relying.back() >= first) relying.pop_back();
    }
  }
  certificates_.resize(first);
  edits_.resize(first);
  proves_.resize(first);
}

void CertificateBook::MoveTo(Suppression* result) {
  result->certificates = std::move(certificates_);
  result->edits = std::move(edits_);
  result->proof = std::move(proof_);
}

}  // namespace cairn
