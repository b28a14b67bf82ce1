#include "target/executable.hpp"

#include <elf.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "temporary_directory.hpp"

namespace fil::cli {
namespace {

class an_executable : public test::in_temporary_directory {
  protected:
    // A real program of this machine with its header changed.
    template <class Change>
    std::string changed(Change change) {
        std::ifstream from("/proc/self/exe", std::ios::binary);
        std::string bytes(4096, '\0');
        from.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        Elf64_Ehdr header;
        std::memcpy(&header, bytes.data(), sizeof header);
        auto* segments = reinterpret_cast<Elf64_Phdr*>(bytes.data() + header.e_phoff);
        change(header, segments, bytes);
        std::memcpy(bytes.data(), &header, sizeof header);
        write("changed", bytes, true);
        return inspect_executable("changed").why;
    }
    static std::string unchanged(Elf64_Ehdr&, Elf64_Phdr*, std::string&) { return {}; }
};

TEST_F(an_executable, of_this_machine_is_usable) {
    EXPECT_EQ(inspect_executable("/proc/self/exe").kind, executable_kind::usable);
    EXPECT_EQ(changed(unchanged), "");
}

TEST_F(an_executable, that_is_a_text_or_missing_or_a_directory_is_not_elf) {
    write("text", "print(1)");
    write("short", "\177ELF");
    EXPECT_EQ(inspect_executable("text").kind, executable_kind::not_elf);
    EXPECT_EQ(inspect_executable("short").kind, executable_kind::not_elf);
    EXPECT_EQ(inspect_executable("missing").kind, executable_kind::not_elf);
    EXPECT_EQ(inspect_executable(".").kind, executable_kind::not_elf);
}

TEST_F(an_executable, that_cannot_load_the_library_says_why) {
    EXPECT_NE(changed([](Elf64_Ehdr& header, auto*, auto&) {
                  header.e_ident[EI_CLASS] = ELFCLASS32;
              }).find("32-bit"),
              std::string::npos);
    EXPECT_NE(changed([](Elf64_Ehdr& header, auto*, auto&) {
                  header.e_machine = EM_S390;
              }).find("processor"),
              std::string::npos);
    EXPECT_NE(changed([](Elf64_Ehdr& header, Elf64_Phdr* segments, auto&) {
                  for (unsigned i = 0; i < header.e_phnum; ++i)
                      if (segments[i].p_type == PT_INTERP) segments[i].p_type = PT_NULL;
              }).find("static"),
              std::string::npos);
    EXPECT_NE(changed([](Elf64_Ehdr& header, Elf64_Phdr* segments, std::string& bytes) {
                  for (unsigned i = 0; i < header.e_phnum; ++i)
                      if (segments[i].p_type == PT_INTERP)
                          std::strcpy(bytes.data() + segments[i].p_offset, "/lib/ld-musl-x.so.1");
              }).find("musl"),
              std::string::npos);
}

TEST_F(an_executable, that_gains_rights_is_unusable) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    changed(unchanged);
    ASSERT_EQ(::chown("changed", 65534, 65534), 0);
    EXPECT_EQ(inspect_executable("changed").why, "");
    ASSERT_EQ(::chmod("changed", 04755), 0);
    EXPECT_NE(inspect_executable("changed").why.find("set-user-id"), std::string::npos);
    write("changed", "print(1)", true);
    ASSERT_EQ(::chown("changed", 65534, 65534), 0);
    ASSERT_EQ(::chmod("changed", 04755), 0);
    EXPECT_EQ(inspect_executable("changed").kind, executable_kind::not_elf);
}

// It would drop LD_PRELOAD for what it starts.
TEST_F(an_executable, that_gains_rights_and_is_static_passes_nothing_on) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    changed([](Elf64_Ehdr& header, Elf64_Phdr* segments, auto&) {
        for (unsigned i = 0; i < header.e_phnum; ++i)
            if (segments[i].p_type == PT_INTERP) segments[i].p_type = PT_NULL;
        return std::string();
    });
    EXPECT_TRUE(inspect_executable("changed").passes_on);
    ASSERT_EQ(::chown("changed", 65534, 65534), 0);
    ASSERT_EQ(::chmod("changed", 04755), 0);
    EXPECT_FALSE(inspect_executable("changed").passes_on);
}

// In a process of nobody's: to root a file's capabilities give nothing.
TEST_F(an_executable, whose_file_has_capabilities_is_unusable) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file capabilities";
    changed(unchanged);
    const vfs_cap_data may_use_raw_sockets = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                              {{1u << CAP_NET_RAW, 0}, {0, 0}}};
    if (::setxattr("changed", "security.capability", &may_use_raw_sockets,
                   sizeof may_use_raw_sockets, 0) != 0)
        GTEST_SKIP() << "nor here: " << std::strerror(errno);
    EXPECT_EQ(inspect_executable("changed").why, "");
    const pid_t child = ::fork();
    if (child == 0) {
        ::chmod(".", 0755);
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
        const std::string why = inspect_executable("changed").why;
        ::_exit(why.find("capabilities") != why.npos ? 0 : 1);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(an_executable, of_another_c_library_is_unusable_and_of_glibc_is_not) {
    const auto with_loader = [&](const char* loader) {
        return changed([&](Elf64_Ehdr& header, Elf64_Phdr* segments, std::string& bytes) {
            for (unsigned i = 0; i < header.e_phnum; ++i)
                if (segments[i].p_type == PT_INTERP)
                    std::strcpy(bytes.data() + segments[i].p_offset, loader);
        });
    };
    EXPECT_EQ(with_loader("/nix/ld-linux-x86-64.so.2"), "");
    EXPECT_EQ(with_loader("/lib64/ld-lsb-x86-64.so"), "");
    EXPECT_NE(with_loader("/system/bin/linker64").find("another C library"), std::string::npos);
}

TEST_F(an_executable, is_not_looked_for_in_a_pipe) {
    ASSERT_EQ(::mkfifo("pipe", 0600), 0);
    EXPECT_EQ(head_of_file("pipe"), "");  // and does not wait for a writer
    EXPECT_EQ(inspect_executable("pipe").kind, executable_kind::not_elf);
}

}  // namespace
}  // namespace fil::cli
