#include "started_program.hpp"

#include <elf.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

using namespace fil::preload;

namespace {

class started_program_test : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/fil-target-XXXXXX";
        directory_ = mkdtemp(name);
    }
    void TearDown() override { std::filesystem::remove_all(directory_); }

    std::string write(const std::string& name, const std::string& content, mode_t mode = 0755) {
        std::string path = directory_ + "/" + name;
        std::ofstream(path) << content;
        chmod(path.c_str(), mode);
        return path;
    }

    // As much of an ELF file as is looked at.
    static std::string elf(const char* interpreter, unsigned char bits = ELFCLASS64,
                           Elf64_Half machine = EM_X86_64) {
        struct {
            Elf64_Ehdr header;
            Elf64_Phdr parts[2];
            char interpreter[100];
        } file{};
        std::memcpy(file.header.e_ident, ELFMAG, SELFMAG);
        file.header.e_ident[EI_CLASS] = bits;
        file.header.e_machine = machine;
        file.header.e_phoff = sizeof file.header;
        file.header.e_phentsize = sizeof file.parts[0];
        file.header.e_phnum = 2;
        file.parts[0].p_type = PT_LOAD;
        file.parts[1].p_type = interpreter != nullptr ? PT_INTERP : PT_NOTE;
        file.parts[1].p_offset = offsetof(decltype(file), interpreter);
        if (interpreter != nullptr) std::strcpy(file.interpreter, interpreter);
        return std::string(reinterpret_cast<char*>(&file), sizeof file);
    }

    target judge(const std::string& name, const std::string& content, mode_t mode = 0755) {
        return judge_path(write(name, content, mode).c_str());
    }

    std::string directory_;
};

constexpr const char* glibc = "/lib64/ld-linux-x86-64.so.2";

TEST_F(started_program_test, an_ordinary_program_loads_us) {
    EXPECT_EQ(judge_path("/bin/sh"), target::loads);
    EXPECT_EQ(judge("a", elf(glibc)), target::loads);
    EXPECT_EQ(judge("b", elf("/nix/store/x-glibc-2.40/lib/ld-linux-x86-64.so.2")), target::loads);
}

TEST_F(started_program_test, other_kinds_of_program_refuse_us) {
    EXPECT_EQ(judge("musl", elf("/lib/ld-musl-x86_64.so.1")), target::refuses);
    EXPECT_EQ(judge("32-bit", elf("/lib/ld-linux.so.2", ELFCLASS32)), target::refuses);
    EXPECT_EQ(judge("foreign", elf(glibc, ELFCLASS64, EM_S390)), target::refuses);
}

TEST_F(started_program_test, a_static_program_hands_our_library_on_to_what_it_starts) {
    const target found = judge("static", elf(nullptr));
    EXPECT_EQ(found, target::passes_on);
    EXPECT_TRUE(is_told_of_us(found) && runs_unrecorded(found));
}

TEST_F(started_program_test, one_that_gains_rights_refuses_us_and_what_it_would_pass_on) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
    for (const char* const interpreter : {glibc, static_cast<const char*>(nullptr)}) {
        const std::string path = write("given", elf(interpreter));
        ASSERT_EQ(chown(path.c_str(), 65534, 65534), 0);
        chmod(path.c_str(), 04755);
        EXPECT_EQ(judge_path(path.c_str()), target::refuses);
    }
}

// In a process of nobody's: to root a file's capabilities give nothing.
TEST_F(started_program_test, one_whose_file_has_capabilities_refuses_us) {
    if (geteuid() != 0) GTEST_SKIP() << "only root can give a file capabilities";
    const std::string path = write("capable", elf(glibc));
    const vfs_cap_data may_use_raw_sockets = {VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE,
                                              {{1u << CAP_NET_RAW, 0}, {0, 0}}};
    if (setxattr(path.c_str(), "security.capability", &may_use_raw_sockets,
                 sizeof may_use_raw_sockets, 0) != 0)
        GTEST_SKIP() << "nor here: " << std::strerror(errno);
    EXPECT_EQ(judge_path(path.c_str()), target::loads);
    chmod(directory_.c_str(), 0755);
    const pid_t child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0) _exit(2);
        _exit(judge_path(path.c_str()) == target::refuses ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(started_program_test, the_loader_itself_loads_us) {
    EXPECT_EQ(judge_path(glibc), target::loads);
}

TEST_F(started_program_test, a_script_is_judged_by_its_interpreter) {
    EXPECT_EQ(judge("a", "#! /bin/sh -e\necho\n"), target::loads);
    std::string interpreter = write("static", elf(nullptr));
    EXPECT_EQ(judge("b", "#!" + interpreter + "\n"), target::passes_on);
    std::string nested = write("c", "#!" + interpreter + "\n");
    EXPECT_EQ(judge("d", "#!" + nested + " x\n"), target::passes_on);
    EXPECT_EQ(judge("e", "#!" + directory_ + "/e\n"), target::unknown);  // for ever
    EXPECT_EQ(judge("f", "#!/nowhere/at/all\n"), target::absent);
}

TEST_F(started_program_test, privileges_refuse_us) {
    if (getuid() != 0) GTEST_SKIP() << "only root can make a file of somebody else's";
    std::string program = write("a", elf(glibc));
    ASSERT_EQ(chown(program.c_str(), 65534, 65534), 0);
    EXPECT_EQ(judge_path(program.c_str()), target::loads);
    chmod(program.c_str(), 04755);
    EXPECT_EQ(judge_path(program.c_str()), target::refuses);
    chmod(program.c_str(), 02755);
    EXPECT_EQ(judge_path(program.c_str()), target::refuses);
    chmod(program.c_str(), 02745);  // without the group's x it means something else
    EXPECT_EQ(judge_path(program.c_str()), target::loads);
}

TEST_F(started_program_test, what_cannot_be_started_is_absent) {
    EXPECT_EQ(judge_path("/nowhere/at/all"), target::absent);
    EXPECT_EQ(judge_path(directory_.c_str()), target::absent);
    EXPECT_EQ(judge("a", elf(glibc), 0644), target::absent);
    EXPECT_EQ(judge_path(nullptr), target::absent);
}

TEST_F(started_program_test, neither_elf_nor_script_is_unknown) {
    EXPECT_EQ(judge("a", "echo hello\n"), target::unknown);
    EXPECT_EQ(judge("b", ""), target::unknown);
    EXPECT_EQ(judge("c", elf(glibc).substr(0, 70)), target::unknown);
}

TEST_F(started_program_test, a_name_is_looked_up_on_the_path) {
    std::string kept = getenv("PATH");
    std::filesystem::create_directory(directory_ + "/first");
    write("first/tool", "not executable", 0644);
    write("tool", elf(nullptr));
    setenv("PATH", (directory_ + "/first:" + directory_ + ":/bin").c_str(), 1);
    EXPECT_EQ(judge_on_path("tool"), target::passes_on);
    EXPECT_EQ(judge_on_path("sh"), target::loads);
    EXPECT_EQ(judge_on_path("no-such-tool"), target::absent);
    EXPECT_EQ(judge_on_path(""), target::absent);
    EXPECT_EQ(judge_on_path("/bin/sh"), target::loads);
    setenv("PATH", kept.c_str(), 1);
}

TEST_F(started_program_test, descriptors_and_directories_are_judged_too) {
    std::string program = write("a", elf(nullptr));
    int file = open(program.c_str(), O_PATH);
    int directory = open(directory_.c_str(), O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(judge_descriptor(file), target::passes_on);
    EXPECT_EQ(judge_at(directory, "a", 0), target::passes_on);
    EXPECT_EQ(judge_at(file, "", AT_EMPTY_PATH), target::passes_on);
    close(file);
    close(directory);
}

TEST_F(started_program_test, errno_is_kept) {
    errno = 77;
    judge_path("/nowhere/at/all");
    judge_on_path("no-such-tool");
    EXPECT_EQ(errno, 77);
}

}  // namespace
