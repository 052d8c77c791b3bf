// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/command_line.hh"

#include "cli/addr2line_command.hh"
#include "cli/cache_command.hh"
#include "cli/ldd_command.hh"
#include "cli/messages.hh"
#include "cli/new_command.hh"
#include "cli/nm_command.hh"
#include "cli/option_values.hh"
#include "cli/run_command.hh"
#include "cli/trace_command.hh"
#include "cli/wrong_usage.hh"
#include "engine/wasmtime_engine.hh"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <CLI/Validators.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/filter.hh"
#include "trace/formats.hh"

namespace interlink::cli {

namespace {

/// The categories are those of loader/debug_log.hh.
constexpr std::string_view debug_help =
    "INTERLINK_DEBUG, categories separated by commas, makes `run` report on standard error, each line behind\n"
    "\"[CATEGORY THREAD] \", or \"[CATEGORY PROCESS:THREAD] \" in a program that the guest has started:\n"
    "  libs        libraries searched and found, constructors run\n"
    "  symbols     symbols looked up by the guest\n"
    "  bindings    what each import of a module is bound to\n"
    "  threads     threads that the guest starts, and why one is refused\n"
    "  statistics  counts and times, at exit\n"
    "  ops         operations committed, published, and carried out by all threads\n"
    "  actors      everything that the coordinator and the threads do\n"
    "  all         all of these";

/// The usage line of a command whose program and arguments the parser does not know as such.
class program_formatter final : public CLI::Formatter {
public:
  std::string make_usage(const CLI::App* /*app*/, std::string name) const override
  {
    return "Usage: " + name + " [OPTIONS] PROGRAM [ARGUMENTS...]\n";
  }
};

std::string version_text()
{
  return "interlink " INTERLINK_VERSION " (Wasmtime " + std::string(engine::wasmtime_version()) + ")";
}

void add_directories(CLI::App& command, const std::string& name, std::vector<std::string>& target,
                     const std::string& type, const std::string& help)
{
  command.add_option(name, target, help)->type_name(type)->allow_extra_args(false);
}

/// `--dir` and `--lib-path`, each of which may be given several times.
void add_guest_file_options(CLI::App& command, guest_file_options& options, const std::string& help_for_no_directory)
{
  add_directories(command, "--dir", options.directories, "HOST[::GUEST][:ro]",
                  "Give the guest a directory, under the same name or as GUEST, read-only with :ro; may be repeated" +
                      help_for_no_directory);
  add_directories(command, "--lib-path", options.library_path, "DIR",
                  "Look for bare library names in this host directory, before the runtime paths; may be repeated");
}

/// `--net`, and addresses that are allowed beside it.
void add_network_options(CLI::App& command, wasi::network_policy& network)
{
  const auto add_endpoints = [&command](const char* name, std::vector<wasi::network_endpoint>& into, const char* form,
                                        const char* help) {
    command
        .add_option_function<std::vector<std::string>>(
            name,
            [&into](const std::vector<std::string>& texts) {
              for (const std::string& text : texts) {
                into.push_back(*wasi::parse_endpoint(text));
              }
            },
            help)
        ->check([](const std::string& text) {
          const auto parsed = wasi::parse_endpoint(text);
          return parsed ? std::string() : text + ": " + parsed.error();
        })
        ->type_name(form)
        ->allow_extra_args(false);
  };
  const std::map<std::string, wasi::network_access> accesses{{"none", wasi::network_access::none},
                                                             {"loopback", wasi::network_access::loopback},
                                                             {"all", wasi::network_access::all}};
  command
      .add_option_function<std::string>(
          "--net", [accesses, &network](const std::string& text) { network.access = accesses.at(text); },
          "Let the guest use sockets: loopback is this machine's own addresses and sockets in its directories (none)")
      ->check(one_of({"none", "loopback", "all"}))
      ->type_name("none|loopback|all");
  add_endpoints("--allow-connect", network.connect, "HOST:PORT",
                "Let it connect and send there, and look the name up; * is any host or port; may be repeated");
  add_endpoints("--allow-listen", network.listen, "ADDR:PORT",
                "Let it listen and receive there; * is any address or port; may be repeated");
}

template <class Target>
void add_size(CLI::App& command, const char* name, Target& target, const char* help)
{
  command
      .add_option_function<std::string>(
          name,
          [&target](const std::string& text) {
            const std::uint64_t size = parse_size(text).value();
            target = size;
          },
          help)
      ->check([](const std::string& text) {
        return parse_size(text) ? std::string()
                                : shown(text) + " is not a size; expected bytes, or a number with KiB, MiB or GiB";
      })
      ->type_name("SIZE");
}

/// `--stack-size` and `--max-memory`, which shape the memory of a program and hence every number of its plan.
void add_size_options(CLI::App& command, memory_options& options)
{
  add_size(command, "--stack-size", options.stack_bytes, "Size of the main thread's stack, such as 1MiB (8MiB)");
  add_size(command, "--max-memory", options.maximum_bytes, "Most linear memory (what the program declares)");
}

/// Bounds of a guest beside its memory.
void add_limit_options(CLI::App& command, guest_limits& limits)
{
  const auto add_count = [&command](const char* name, std::optional<std::size_t>& target, const char* help) {
    command
        .add_option_function<std::string>(
            name, [&target](const std::string& text) { target = parse_count(text); }, help)
        ->check([](const std::string& text) {
          return parse_count(text) ? std::string() : text + " is not a count; expected a number from 1";
        })
        ->type_name("COUNT");
  };
  add_count("--max-threads", limits.threads, "Most threads at once; more are refused (4096)");
  add_count("--max-libraries", limits.libraries, "Most libraries open at once; opening more fails (9999)");
  add_count("--max-files", limits.files,
            "Most open files at once, streams and directories included; opening more is EMFILE (1048576)");
  add_size(command, "--max-output", limits.output,
           "Most bytes written to standard output and errors together; writing more is EFBIG (no bound)");
  command
      .add_option_function<std::string>(
          "--timeout", [&limits](const std::string& text) { limits.time = parse_seconds(text); },
          "End the program when it has run for so long, with exit code 124 (no bound)")
      ->check([](const std::string& text) {
        return parse_seconds(text) ? std::string() : text + " is not a time; expected seconds, such as 0.5";
      })
      ->type_name("SECONDS");
}

/// One row of the table of subcommands: its parser, and what carries it out once that has filled its options.
struct subcommand {
  CLI::App* parser = nullptr;
  std::function<int()> carry_out;
};

int end_by_wrong_usage(const std::string& command, const std::string& text)
{
  print_line(command + ": " + text + "; see " + command + " --help");
  return exit_wrong_usage;
}

/// An option that the parser took for the program, or none.
std::optional<int> report_missing_program(const CLI::App& command)
{
  const std::vector<std::string> left = command.remaining();
  if (left.empty()) {
    return end_by_wrong_usage("interlink run", "no program given");
  }
  if (left.front().starts_with('-') && left.front() != "-") {
    return end_by_wrong_usage("interlink run", unknown_option(command, left.front()));
  }
  return std::nullopt;
}

subcommand add_run(CLI::App& app)
{
  auto options = std::make_shared<run_options>();
  CLI::App* command = app.add_subcommand("run", "Run a program");
  add_guest_file_options(*command, options->guest_files, " (none: the guest sees no files)");
  command
      ->add_option("--cwd", options->initial_directory,
                   "Start in this directory of the guest, named as the guest does (/, or the first --dir)")
      ->type_name("GUEST");
  command
      ->add_option("--env", options->environment,
                   "Set a variable of the guest; KEY alone passes the host's on, if it has one; may be repeated")
      ->type_name("KEY[=VALUE]")
      ->allow_extra_args(false);
  add_network_options(*command, options->network);
  add_size_options(*command, options->memory);
  add_limit_options(*command, options->limits);
  command
      ->add_option(
          "--wasm-cache", options->cache,
          "Keep compiled modules in DIR ($XDG_CACHE_HOME/interlink/wasm, else ~/.cache/interlink/wasm), unless "
          "the guest could write there")
      ->type_name("DIR|off");
  command
      ->add_option_function<std::string>(
          "--watchdog", [options](const std::string& text) { options->watchdog = parse_watchdog(text); },
          "Report on standard error when a thread waits in the linker for longer (1)")
      ->check([](const std::string& text) {
        return parse_watchdog(text) ? std::string() : shown(text) + " is neither seconds, such as 0.5, nor off";
      })
      ->type_name("SECONDS|off");
  command
      ->add_option_function<std::string>(
          "--argv0", [options](const std::string& name) { options->program_name = name; },
          "The program's own name, its first argument (its path if the guest can see it, else its file's name)")
      ->type_name("NAME");
  command
      ->add_option_function<std::string>(
          "--invoke", [options](const std::string& name) { options->function = name; },
          "Initialise PROGRAM, a reactor or library, call this function of it with ARGUMENTS, which are numbers, and "
          "print what it returns")
      ->type_name("FUNCTION");
  command
      ->add_option_function<std::string>(
          "--trace", [options](const std::string& path) { options->trace = path; },
          "Record what all threads do in FILE: as JSON lines, which `interlink trace` reads, or for Perfetto when its "
          "name ends in .json")
      ->type_name("FILE");
  command->add_flag("--check", options->checks_only,
                    "Say whether PROGRAM and all it needs can be linked; compile and run nothing");
  command->footer(
      "Everything after the program belongs to the guest, options too. The exit code is the guest's own; 127 when the\n"
      "program or a library that it needs cannot be loaded or linked; 134 after a trap; 124 after --timeout; 2 for "
      "wrong\n"
      "usage.\n\n" +
      std::string(debug_help));
  command->prefix_command();
  command->formatter(std::make_shared<program_formatter>());
  return {command, [command, options] {
            const auto refused = report_missing_program(*command);
            return refused ? *refused : run(*options, command->remaining());
          }};
}

subcommand add_ldd(CLI::App& app)
{
  auto options = std::make_shared<ldd_options>();
  CLI::App* command =
      app.add_subcommand("ldd", "Show the libraries that a program or library needs, and where they are");
  command->add_option("FILE", options->file, "Program or library")->required();
  command->add_flag("--plan", options->plan,
                    "Print instead every number chosen for loading the program and all it needs: memory, tables, what "
                    "each import is bound to, slots, TLS blocks, initialisers. FILE must be a main module");
  command->add_flag("-r,--function-relocs", options->undefined,
                    "Bind every import, as RTLD_NOW does, and list the undefined functions and data of FILE and all it "
                    "needs. Of a library this is all that it takes from the program that opens it");
  add_guest_file_options(*command, options->guest_files, " (FILE's own directory, by its absolute name)");
  add_size_options(*command, options->memory);
  command->footer("Libraries are looked for as `interlink run` does with the same --dir and --lib-path: in --lib-path, "
                  "in the runtime\n"
                  "path of the module that needs them ($ORIGIN is that module's directory), then in the guest's /lib, "
                  "/usr/lib and\n"
                  "/usr/local/lib. Paths are printed as the guest sees them. Without --dir the guest has FILE's own "
                  "directory, as with\n"
                  "`interlink run --dir DIRECTORY`; name beside it what else the program is given when it runs.\n"
                  "The exit code is 1 when a library is not found.");
  return {command, [options] { return show_needed(*options); }};
}

subcommand add_nm(CLI::App& app)
{
  auto options = std::make_shared<nm_options>();
  CLI::App* command = app.add_subcommand("nm", "List the symbols of modules");
  command->add_option("FILE", options->files, "Modules to read")->required();
  CLI::Option* undefined = command->add_flag("-u,--undefined-only", options->undefined_only, "Only undefined symbols");
  command->add_flag("--defined-only", options->defined_only, "Only defined symbols")->excludes(undefined);
  command->add_flag("-D,--dynamic", options->dynamic,
                    "Accepted and ignored: every symbol of a module is a dynamic one");
  command->footer(
      "Each line has a value, a letter and a name, sorted by name:\n"
      "  T  function; the value is its index in the module\n"
      "  D  data; the value is the offset from the module's memory base (the address, in a module at fixed addresses)\n"
      "  B  data that are zero at first; the value is the same\n"
      "  W  weak function          V  weak datum          A  a number that is no address\n"
      "  U  undefined              w  undefined and weak: absent, it is 0\n"
      "[tls] marks a thread-local symbol, whose value is the offset in the module's TLS block; [tag] an exception "
      "tag.\n"
      "An import from another place than env and the GOT is listed as module.name.");
  return {command, [options] { return list_symbols_of_files(*options); }};
}

subcommand add_new(CLI::App& app)
{
  auto options = std::make_shared<new_options>();
  CLI::App* command =
      app.add_subcommand("new", "Make a folder with a guest program and its plugin, to be built by CMake");
  command->add_option("FOLDER", options->folder, "Folder to make; its last part is the program's name")->required();
  return {command, [options] { return make_project(*options); }};
}

subcommand add_addr2line(CLI::App& app)
{
  auto options = std::make_shared<addr2line_options>();
  CLI::App* command = app.add_subcommand("addr2line", "Say of which function and source line places in a module are");
  command->add_option("FILE", options->file, "Module to read")->required();
  command->add_option("OFFSET", options->offsets, "Place in the file, hexadecimal, as a backtrace gives it")
      ->required();
  command->footer("Prints `FUNCTION at FILE:LINE:COLUMN` for each offset. A function without a name has its number; ?? "
                  "is unknown:\n"
                  "no function, or no line tables in the module (compile with -g, and do not strip it).");
  return {command, [options] { return show_places(*options); }};
}

subcommand add_cache(CLI::App& app)
{
  auto options = std::make_shared<cache_options>();
  CLI::App* command = app.add_subcommand("cache", "Show, verify or remove the compiled modules that `run` keeps");
  command->add_option("ACTION", options->action, "show, verify or clean (show)")
      ->check(one_of({"show", "verify", "clean"}));
  command->add_option("--wasm-cache", options->cache, "The directory, as `run` is given it")->type_name("DIR");
  command->footer(
      "show lists the files, least recently used first: bytes, day and hour of the last use, name, module.\n"
      "verify reads all of them and lists the damaged ones; the exit code is 1 if there are any. `run` compiles such\n"
      "modules anew.\n"
      "clean removes the files; programs that run go on.\n"
      "Files are removed without this command, too: those that were not used for longest, beyond 2 GiB.");
  return {command, [options] { return manage_cache(*options); }};
}

void add_filter_options(CLI::App& command, trace::trace_filter& filter, CLI::Option* whole)
{
  command.add_option("--op", filter.operation, "Only operation N: what led to it, and how each thread came to have it")
      ->type_name("N")
      ->excludes(whole);
  command
      .add_option_function<std::vector<std::string>>(
          "--between",
          [&filter](const std::vector<std::string>& moments) {
            filter.from = parse_moment(moments.at(0)).value_or(filter.from);
            filter.to = parse_moment(moments.at(1)).value_or(filter.to);
          },
          "Only what lasts into this span of time")
      ->check([](const std::string& text) {
        return parse_moment(text) ? std::string() : text + " is no moment, such as 12.5 or 300us";
      })
      ->expected(2)
      ->type_name("T1 T2")
      ->excludes(whole);
  command
      .add_option_function<std::vector<std::uint32_t>>(
          "--thread",
          [&filter](const std::vector<std::uint32_t>& numbers) {
            for (const std::uint32_t number : numbers) {
              filter.threads.push_back(group_id{number});
            }
          },
          "Only thread N and the turns that it asked for; may be repeated")
      ->type_name("N")
      ->allow_extra_args(false)
      ->excludes(whole);
  command.add_option("--library", filter.library, "Only what concerns libraries or symbols whose names contain NAME")
      ->type_name("NAME")
      ->excludes(whole);
}

subcommand add_trace(CLI::App& app)
{
  auto options = std::make_shared<trace_options>();
  CLI::App* command = app.add_subcommand("trace", "Say what a trace of `interlink run --trace` shows");
  command->add_option("FILE", options->file, "Trace, as JSON lines")->required();
  CLI::Option* form = command->add_option("--to", options->to, "Print it in another form instead of a summary")
                          ->check(one_of(trace::format_names()))
                          ->type_name("FORM");
  CLI::Option* check = command->add_flag("--check", options->checks,
                                         "Prove that the run kept the rules, or name the first event that breaks one");
  CLI::Option* follow = command->add_flag(
      "--follow", options->follows, "Print events, a line each, as they are written, until the recording has ended");
  add_filter_options(*command, options->filter, check);
  check->excludes(form)->excludes(follow);
  command->footer(
      "Without --to, --check or --follow it says how long what took, how far each thread was behind, and which opens\n"
      "were slowest, with all that they were made of. A moment T is a number with ns, us, ms or s; alone, "
      "milliseconds.\n"
      "The exit code is 1 when a rule is broken, or events are missing that the proof needs.");
  return {command, [options] { return show_trace(*options); }};
}

/// In the order of the help.
constexpr std::array add_subcommands{add_run, add_ldd, add_nm, add_addr2line, add_trace, add_cache, add_new};

/// How many words the option that begins with `word` takes, itself included.
std::size_t words_of_option(const CLI::App& command, const std::string& word)
{
  const std::size_t equals = word.find('=');
  const CLI::Option* option = command.get_option_no_throw(word.substr(0, equals));
  return option != nullptr && option->get_expected_max() > 0 && equals == std::string::npos ? 2 : 1;
}

/// `--name=` gives an option the empty word, which the parser would take for none.
void split_from_empty_value(std::vector<std::string>& words, std::size_t place)
{
  std::string& word = words[place];
  if (word.starts_with("--") && word.find('=') + 1 == word.size()) {
    word.pop_back();
    words.insert(words.begin() + static_cast<std::ptrdiff_t>(place) + 1, std::string());
  }
}

/// The words after `interlink`, last first as the parser wants them, without the `--` that may stand between the
/// options of `run` and the program: a parser of subcommands would take it as the end of the subcommand.
std::vector<std::string> reversed_words(const CLI::App& app, int argc, char** argv)
{
  std::vector<std::string> words(argv + 1, argv + argc);
  std::size_t place = 1;
  if (!words.empty() && words.front() == "run") {
    const CLI::App& command = *app.get_subcommand("run");
    while (place < words.size() && words[place].starts_with("--") && words[place] != "--") {
      split_from_empty_value(words, place);
      place += words_of_option(command, words[place]);
    }
    if (place < words.size() && words[place] == "--") {
      words.erase(words.begin() + static_cast<std::ptrdiff_t>(place));
      if (place < words.size() && words[place].starts_with('-') && words[place] != "-") {
        words[place].insert(0, "./"); // a file, though it is named like an option
      }
    }
  } else {
    for (; place < words.size() && words[place] != "--"; ++place) {
      split_from_empty_value(words, place);
    }
  }
  std::ranges::reverse(words);
  return words;
}

/// The exit code of help, version, or wrong usage, whose text is printed.
int report_parse_outcome(const CLI::App& app, const CLI::ParseError& outcome)
{
  if (outcome.get_exit_code() == 0) {
    return app.exit(outcome);
  }
  const auto named = app.get_subcommands();
  return named.empty()
             ? end_by_wrong_usage("interlink", wrong_usage(app, outcome))
             : end_by_wrong_usage("interlink " + named.front()->get_name(), wrong_usage(*named.front(), outcome));
}

} // namespace

int run_command_line(int argc, char** argv)
{
  CLI::App app{"Interlink, the dynamic linker for threaded WebAssembly", "interlink"};
  app.require_subcommand(1);
  app.set_version_flag("--version", version_text());
  app.footer("`interlink COMMAND --help` tells more of each.\n\n" + std::string(debug_help));
  std::vector<subcommand> commands;
  for (const auto add : add_subcommands) {
    commands.push_back(add(app));
  }
  std::vector<std::string> names;
  for (const subcommand& each : commands) {
    names.push_back(each.parser->get_name());
    for (CLI::Option* option : each.parser->get_options()) {
      if (option->get_expected_max() == 0) {
        option->disable_flag_override(); // `--check=no` is no way to say it
      }
    }
  }
  const std::string first = argc > 1 ? argv[1] : "";
  if (first.starts_with('-') && app.get_option_no_throw(first.substr(0, first.find('='))) == nullptr) {
    return end_by_wrong_usage("interlink", unknown_option(app, first));
  }
  if (argc > 1 && !first.starts_with('-') && std::ranges::find(names, first) == names.end()) {
    return end_by_wrong_usage("interlink", unknown("command", first, names));
  }
  try {
    app.parse(reversed_words(app, argc, argv));
  } catch (const CLI::ParseError& outcome) {
    return report_parse_outcome(app, outcome);
  }
  // Exactly one: the parser refuses none and several.
  return std::ranges::find_if(commands, [](const subcommand& each) { return each.parser->parsed(); })->carry_out();
}

} // namespace interlink::cli
