// SPDX-License-Identifier: MIT
// Objects with secrets in them live in memory that their owner chose (locked, wiped by the kernel
// on fork), and everything else on the ordinary heap. This is the pointer to such an object: a
// unique_ptr that gives the memory back to where it came from. Wiping is the object's business.
#pragma once

#include <memory>
#include <memory_resource>
#include <utility>

namespace chat {

struct SecretDeleter {
    std::pmr::memory_resource* memory = nullptr;

    template <class T>
    void operator()(T* object) const {
        std::pmr::polymorphic_allocator<>(memory).delete_object(object);
    }
};

template <class T>
using SecretPtr = std::unique_ptr<T, SecretDeleter>;

template <class T, class... Arguments>
SecretPtr<T> make_secret(std::pmr::memory_resource& memory, Arguments&&... arguments) {
    T* const object = std::pmr::polymorphic_allocator<>(&memory).new_object<T>(
        std::forward<Arguments>(arguments)...);
    return {object, SecretDeleter{&memory}};
}

}  // namespace chat
