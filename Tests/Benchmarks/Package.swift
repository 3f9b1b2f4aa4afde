// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that nobody who uses or tests roundtrip builds it.

let package = Package(
    name: "Benchmarks",
    dependencies: [.package(name: "roundtrip", path: "../..")],
    targets: [
        .target(name: "Resident"),
        .executableTarget(
            name: "ServerBenchmark",
            dependencies: [
                .product(name: "HTTPServer", package: "roundtrip")
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ]),
        .executableTarget(
            name: "TLSBenchmark",
            dependencies: [
                .product(name: "HTTPClient", package: "roundtrip"),
                .product(name: "HTTPTrace", package: "roundtrip"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ]),
        .executableTarget(
            name: "EngineBenchmark",
            dependencies: [
                "Resident",
                .product(name: "HTTPClient", package: "roundtrip"),
                .product(name: "HTTPTrace", package: "roundtrip"),
            ],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
            ]),
        .executableTarget(
            name: "SessionBenchmark",
            dependencies: [
                "Resident",
                .product(name: "HTTPTrace", package: "roundtrip"),
                .product(name: "SessionModules", package: "roundtrip"),
            ],
            swiftSettings: [.enableUpcomingFeature("ExistentialAny")]),
    ]
)
