#ifndef CAIRN_CORE_DISCLOSURE_CERTIFICATE_BOOK_H_
#define CAIRN_CORE_DISCLOSURE_CERTIFICATE_BOOK_H_

#include <array>
#include <cstdint>
#include <vector>

#include "core/disclosure/certificate_search.h"
#include "core/disclosure/suppress.h"

namespace cairn {

// An end of what a sensitive cell keeps.
struct CellEnd {
  int cell;
  int side;  // 0 low, 1 high
};

// What is proved, by which certificates, and which complements these rely on. A
// value: a copy is a state to come back to.
class CertificateBook {
 public:
  static constexpr int kNone = Suppression::kNone;

  // At first the truth proves what it can. `cells` must outlive it. exact_only:
  // any other figure proves both ends.
  CertificateBook(const std::vector<SuppressionCell>& cells, bool exact_only);

  bool Proved(const CellEnd& end) const {
    return proof_[end.cell][end.side] != kNone;
  }
  bool Proved(int cell) const;
  // Sensitive cells with an end that is not proved.
  std::vector<int> Unproved() const;

  // Whether a table with this figure proves the end; the figure to look for.
  bool Reaches(const CellEnd& end, int64_t figure) const;
  int64_t Goal(const CellEnd& end) const;

  // Takes it for a proof of every end that has none yet.
  void Learn(CertificateSearch::Found found);
  // A table of real numbers, in which this cell changes so.
  void LearnFraction(int cell, double change);
  // Some end is proved by a table that is not kept.
  bool has_fractions() const { return has_fractions_; }

  int size() const { return static_cast<int>(certificates_.size()); }
  const Suppression::Certificate& figures(int certificate) const {
    return certificates_[certificate];
  }
  CertificateSearch::Found Get(int certificate) const;
  // The ends that it proves.
  std::vector<CellEnd> ProvedBy(int certificate) const;

  // The ends whose certificates could not be if this complement were shown.
  std::vector<CellEnd> RelyingOn(int complement) const;
  // No certificate relies on it any more.
  void NothingReliesOn(int complement) { relying_[complement].clear(); }

  // The number of the certificate, or kTruth, kFraction, kNone.
  int ProofOf(const CellEnd& end) const { return proof_[end.cell][end.side]; }
  void SetProof(const CellEnd& end, int proof) {
    proof_[end.cell][end.side] = proof;
  }
  // It was found among tables, not among records.
  bool IsOfTables(const CellEnd& end) const;
  // Forgets all certificates from this one on, which prove nothing any more.
  void Forget(int first);

  // Moves all into `result`.
  void MoveTo(Suppression* result);

 private:
  void LearnFigure(int cell, int64_t figure, int certificate);

  const std::vector<SuppressionCell>* cells_;
  bool exact_only_;
  bool has_fractions_ = false;
  std::vector<std::array<int, 2>> proof_;  // by cell and side
  std::vector<Suppression::Certificate> certificates_;
  std::vector<std::vector<RecordEdit>> edits_;  // by certificate
  std::vector<std::vector<CellEnd>> proves_;    // by certificate
  std::vector<std::vector<int>> relying_;       // by cell: certificates
};

}  // namespace cairn

#endif  // CAIRN_CORE_DISCLOSURE_CERTIFICATE_BOOK_H_
