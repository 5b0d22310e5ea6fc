// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @dev What these tests ask of the test machine. It answers at one fixed address; the signatures are its documented ones.
interface Vm {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    /// @dev Sets the block time.
    function warp(uint256 timestamp) external;
    /// @dev Sets the chain id.
    function chainId(uint256 id) external;
    /// @dev Puts runtime code at an address.
    function etch(address target, bytes calldata code) external;
    /// @dev The next call comes from `sender`.
    function prank(address sender) external;
    /// @dev The next call must revert with exactly this.
    function expectRevert(bytes calldata data) external;
    /// @dev The next call must emit the event that this test emits next, topics, data and emitter.
    function expectEmit(address emitter) external;
    /// @dev From here on events are kept.
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory logs);
    /// @dev Drops the fuzz case where this is false.
    function assume(bool condition) external pure;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address);
    function getCode(string calldata artifact) external view returns (bytes memory);
    function readFile(string calldata path) external view returns (string memory);
    function parseJsonBytes(string calldata json, string calldata key) external pure returns (bytes memory);
    function envOr(string calldata name, string calldata fallbackValue) external view returns (string memory);
    function assertEq(uint256 left, uint256 right, string calldata message) external pure;
    function assertEq(address left, address right, string calldata message) external pure;
    function assertEq(bytes32 left, bytes32 right, string calldata message) external pure;
    function assertTrue(bool condition, string calldata message) external pure;
}

/// @dev Where the test machine answers.
Vm constant vm = Vm(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);
