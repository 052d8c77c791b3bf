// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A vector of small values whose copies share pages: setting one element of a copy costs one page and one directory.
// This is what makes "copy the snapshot, change one slot" cheap for modules with thousands of exports.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <vector>

namespace interlink {

/// Elements never set read as `Value{}`. Context: a value; copies may be read on any thread.
template <class Value>
class paged_vector {
public:
  Value operator[](std::size_t index) const
  {
    const std::size_t page = index / page_size;
    return page < pages_.size() && pages_[page] ? (*pages_[page])[index % page_size] : Value{};
  }

  /// Copies the page it changes; other copies of this vector keep theirs.
  void set(std::size_t index, Value value)
  {
    const std::size_t page = index / page_size;
    if (page >= pages_.size()) {
      pages_.resize(page + 1);
    }
    auto changed = pages_[page] ? std::make_shared<page_type>(*pages_[page]) : std::make_shared<page_type>();
    (*changed)[index % page_size] = value;
    pages_[page] = std::move(changed);
  }

  /// Calls `visit(index, value)` for each element that differs from `Value{}`, in order.
  template <class Visitor>
  void for_each(Visitor visit) const
  {
    for (std::size_t page = 0; page < pages_.size(); ++page) {
      if (!pages_[page]) {
        continue;
      }
      for (std::size_t i = 0; i < page_size; ++i) {
        if ((*pages_[page])[i] != Value{}) {
          visit(page * page_size + i, (*pages_[page])[i]);
        }
      }
    }
  }

private:
  static constexpr std::size_t page_size = 64; // 256 bytes of slots: about one copy's worth of cache lines
  using page_type = std::array<Value, page_size>;

  std::vector<std::shared_ptr<const page_type>> pages_;
};

} // namespace interlink
