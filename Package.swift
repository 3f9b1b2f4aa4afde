// swift-tools-version: 6.2
import PackageDescription

#if canImport(Glibc)
    import Glibc
#endif

// The layering is held by the build: a target sees only what it names here, and `.ci/run` builds with
// `--explicit-target-dependency-import-check error`. The engine and the interface meet only in `roundtrip`.

// Set by `.ci/run`. Not always on: a newer compiler's new warning must not break anybody's build.
let strict: [SwiftSetting] =
    Context.environment["ROUNDTRIP_STRICT"] == nil ? [] : [.treatAllWarnings(as: .error)]
let settings: [SwiftSetting] =
    [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        // A plain async function stays on its caller's executor: a request never leaves the network thread by accident.
        .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    ] + strict

// A release of the program takes half the memory at its first frame when what is used until then lies side by side
// (`Tests/Benchmarks/order` lists it), relocations are packed, C++'s library is linked in, and types are put together from
// their parts rather than looked up by name. The libraries are left alone: others link them.
let movable =
    settings + [
        .unsafeFlags(
            ["-function-sections", "-disable-concrete-type-metadata-mangled-name-accessors"].flatMap {
                ["-Xfrontend", $0]
            },
            .when(configuration: .release))
    ]
let order = [
    "--symbol-ordering-file=\(Context.packageDirectory)/Sources/first-frame.order", "--no-warn-symbol-ordering",
    "--script=\(Context.packageDirectory)/Sources/first-frame.ld",
]
let packing = loaderUnpacks ? ["-z", "pack-relative-relocs"] : []
let archives = hasArchives ? ["-L\(Context.packageDirectory)/Sources/archives"] : []
let linking: [LinkerSetting] = [
    .unsafeFlags(
        ["-use-ld=lld"] + archives + (order + packing + ["--no-export-dynamic"]).flatMap { ["-Xlinker", $0] },
        .when(platforms: [.linux], configuration: .release))
]

/// Whether what `Sources/archives` names is there, where Debian has it.
var hasArchives: Bool {
    #if canImport(Glibc)
        var found = glob_t()
        defer { globfree(&found) }
        return glob("/usr/lib/gcc/*/*/libstdc++.a", 0, nil, &found) == 0
    #else
        return false
    #endif
}

/// Whether the machine's loader knows packed relocations: glibc's since 2.36.
var loaderUnpacks: Bool {
    #if canImport(Glibc)
        var text = [CChar](repeating: 0, count: 64)
        confstr(Int32(_CS_GNU_LIBC_VERSION), &text, text.count)
        let words = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
        return words.hasPrefix("glibc 2.") && Int(words.dropFirst("glibc 2.".count)).map { $0 >= 36 } ?? false
    #else
        return false
    #endif
}

let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")

func library(
    _ name: String, _ dependencies: [Target.Dependency] = [], _ settings: [SwiftSetting] = settings
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: "\(name)Tests",
        dependencies: [.target(name: name), "TestSupport"] + dependencies,
        exclude: name == "Inspector" ? ["Screens"] : [],
        swiftSettings: settings)
}

// What `Tests/Benchmarks` measures beside the libraries; nobody else sees it.
let measured: [Product] =
    Context.environment["ROUNDTRIP_BENCHMARKS"] == nil
    ? [] : [.library(name: "SessionModules", targets: ["Sessions", "Exports", "Inspector", "TextScreen"])]

let package = Package(
    name: "roundtrip",
    products: [
        .library(name: "HTTPTrace", targets: ["HTTPTrace"]),
        .library(name: "HTTPClient", targets: ["HTTPClient"]),
        .library(name: "HTTPServer", targets: ["HTTPServer"]),
        .executable(name: "roundtrip", targets: ["roundtrip"]),
    ] + measured,
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/HdrHistogram/hdrhistogram-swift", from: "0.2.0"),
    ],
    targets: [
        // Headers of system libraries.
        .systemLibrary(name: "CLinux"),
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CAres", pkgConfig: "libcares", providers: [.apt(["libc-ares-dev"])]),
        .systemLibrary(
            name: "CNgHTTP2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CBrotli", providers: [.apt(["libbrotli-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        // No pkgConfig: ncursesw's flags (-D_DEFAULT_SOURCE …) are refused by the package manager with a warning.
        .systemLibrary(name: "CNcurses", providers: [.apt(["libncursesw5-dev"])]),

        // The vocabulary.
        library("HTTPTrace", [httpTypes]),

        // The engine.
        library("HTTPWire", ["HTTPTrace", "CNgHTTP2", "CZlib", "CBrotli", "CZstd", httpTypes]),
        library("Transport", ["HTTPTrace", "CLinux", "COpenSSL", "CAres", deque]),
        library("HTTPClient", ["HTTPTrace", "HTTPWire", "Transport", httpTypes, deque]),
        library("HTTPServer", ["HTTPTrace", "HTTPWire", "Transport", httpTypes]),

        // What has been seen.
        library(
            "Sessions",
            [
                "HTTPTrace", httpTypes,
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "GRDBSQLite", package: "GRDB.swift"),
                .product(name: "Histogram", package: "hdrhistogram-swift"),
            ],
            movable),
        library("Exports", ["Sessions", "HTTPTrace", "TextScreen", httpTypes], movable),

        // The interface.
        library("TextScreen", [], movable),
        library("Inspector", ["HTTPTrace", "Sessions", "TextScreen", httpTypes], movable),
        library("CursesTerminal", ["TextScreen", "CNcurses", "CLinux"], movable),

        // The program: the only place where engine and interface meet.
        .executableTarget(
            name: "roundtrip",
            dependencies: [
                "HTTPTrace", "HTTPWire", "Transport", "HTTPClient", "HTTPServer", "Sessions", "Exports", "TextScreen",
                "Inspector", "CursesTerminal", "CLinux", httpTypes,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: movable,
            linkerSettings: linking),

        .target(
            name: "TestSupport",
            dependencies: ["TextScreen", "CLinux", "HTTPTrace", "Transport"],
            path: "Tests/TestSupport",
            swiftSettings: settings),
        tests("HTTPTrace", [httpTypes]),
        tests("HTTPWire", ["HTTPTrace", "CZlib", httpTypes]),
        tests("Transport", ["HTTPTrace", "CLinux"]),
        tests("HTTPClient", ["HTTPTrace", "HTTPWire", "HTTPServer", "Transport", httpTypes]),
        tests("HTTPServer", ["HTTPTrace", "HTTPWire", "Transport", httpTypes]),
        tests("Sessions", ["HTTPTrace", httpTypes]),
        tests("Exports", ["HTTPTrace", "Sessions", "TextScreen", httpTypes]),
        tests("TextScreen"),
        tests("CursesTerminal", ["TextScreen"]),
        tests("Inspector", ["HTTPTrace", "Sessions", "Exports", "TextScreen", httpTypes]),
        .testTarget(
            name: "ProgramTests",
            dependencies: ["TestSupport", "roundtrip", "HTTPTrace", "CLinux"],
            swiftSettings: settings),
    ]
)
