// How much a target may make a fake remember. A target that creates VMs, vCPUs or memory slots for ever gets
// ENOMEM, as from a kernel that has no memory left; the runner keeps its own.
#pragma once

#include <cstddef>
#include <memory>

namespace rehang::fakes::kvm {

// Shared by all files of one device.
class Budget {
  public:
    explicit Budget(std::size_t most) : left_(most) {}
    bool take() {
        if (left_ == 0) return false;
        --left_;
        return true;
    }
    void give_back(std::size_t count = 1) { left_ += count; }

  private:
    std::size_t left_;
};

// One open file's share of a budget, given back when it is closed.
class Share {
  public:
    // Nothing if the budget is used up.
    static std::unique_ptr<Share> of(const std::shared_ptr<Budget>& budget) {
        return budget->take() ? std::unique_ptr<Share>(new Share(budget)) : nullptr;
    }
    ~Share() { budget_->give_back(); }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

  private:
    explicit Share(std::shared_ptr<Budget> budget) : budget_(std::move(budget)) {}
    std::shared_ptr<Budget> budget_;
};

}  // namespace rehang::fakes::kvm
