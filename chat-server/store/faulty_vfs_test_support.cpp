// SPDX-License-Identifier: MIT
#include "chat-server/store/faulty_vfs_test_support.h"

#include <new>
#include <optional>
#include <sqlite3.h>

namespace chat::server::test {
namespace {

// SQLite's interface hands out no place for the state of a test.
struct State {
    sqlite3_vfs* real = nullptr;
    sqlite3_vfs vfs{};
    std::optional<Fault> fault;
    std::size_t until = 0;  // operations that still succeed
    std::size_t failures = 0;
};
State state;

bool fails_now(bool sync) {
    if (!state.fault || sync != (*state.fault == Fault::sync_fails)) return false;
    if (state.until > 0 && --state.until > 0) return false;
    ++state.failures;
    return true;
}

struct File {
    sqlite3_file base;
    sqlite3_file* real;  // behind this struct
};

sqlite3_file* real(sqlite3_file* file) {
    return reinterpret_cast<File*>(file)->real;
}

template <auto Method, typename... Arguments>
int pass(sqlite3_file* file, Arguments... arguments) {
    return (real(file)->pMethods->*Method)(real(file), arguments...);
}

int write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 at) {
    if (!fails_now(false)) return real(file)->pMethods->xWrite(real(file), bytes, count, at);
    if (*state.fault == Fault::write_fails) return SQLITE_IOERR_WRITE;
    (void)real(file)->pMethods->xWrite(real(file), bytes, count / 2, at);
    return *state.fault == Fault::disk_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

int sync(sqlite3_file* file, int flags) {
    if (fails_now(true)) return SQLITE_IOERR_FSYNC;
    return real(file)->pMethods->xSync(real(file), flags);
}

using Methods = sqlite3_io_methods;
const Methods methods{
    2,
    pass<&Methods::xClose>,
    pass<&Methods::xRead, void*, int, sqlite3_int64>,
    write,
    pass<&Methods::xTruncate, sqlite3_int64>,
    sync,
    pass<&Methods::xFileSize, sqlite3_int64*>,
    pass<&Methods::xLock, int>,
    pass<&Methods::xUnlock, int>,
    pass<&Methods::xCheckReservedLock, int*>,
    pass<&Methods::xFileControl, int, void*>,
    pass<&Methods::xSectorSize>,
    pass<&Methods::xDeviceCharacteristics>,
    pass<&Methods::xShmMap, int, int, int, void volatile**>,
    pass<&Methods::xShmLock, int, int, int>,
    [](sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); },
    pass<&Methods::xShmUnmap, int>,
    nullptr,
    nullptr,
};

int open(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* const ours = new (file) File{};
    ours->real = reinterpret_cast<sqlite3_file*>(ours + 1);
    const int code = state.real->xOpen(state.real, name, ours->real, flags, out_flags);
    // Without methods SQLite does not close what was not opened.
    if (ours->real->pMethods != nullptr) ours->base.pMethods = &methods;
    return code;
}

}  // namespace

FaultyDisk::FaultyDisk() {
    sqlite3_initialize();
    state = State{};
    state.real = sqlite3_vfs_find(nullptr);
    state.vfs = *state.real;
    state.vfs.zName = "faulty";
    state.vfs.pNext = nullptr;
    state.vfs.szOsFile = static_cast<int>(sizeof(File)) + state.real->szOsFile;
    state.vfs.xOpen = open;
    sqlite3_vfs_register(&state.vfs, 1);
}

FaultyDisk::~FaultyDisk() {
    sqlite3_vfs_unregister(&state.vfs);
    sqlite3_vfs_register(state.real, 1);
}

void FaultyDisk::fail(Fault fault, std::size_t nth) {
    state.fault = fault;
    state.until = nth;
    state.failures = 0;
}

void FaultyDisk::heal() {
    state.fault.reset();
}

std::size_t FaultyDisk::failures() const {
    return state.failures;
}

}  // namespace chat::server::test
