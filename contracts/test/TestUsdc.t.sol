// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {TestUsdc} from "../TestUsdc.sol";
import {SmartAccount} from "./support/Doubles.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {TypedData} from "./support/TypedData.sol";
import {vm} from "./support/Vm.sol";

contract TestUsdcTest is SettlementStage {
    bytes32 internal constant NONCE = bytes32(uint256(77));
    uint256 internal constant AFTER = START - 10;
    uint256 internal constant BEFORE = START + 10;
    address internal owner;
    uint256 internal key = PAYER_KEY;

    function setUp() public override {
        super.setUp();
        owner = payer;
        usdc.mint(payer, 100);
    }

    function _digest(bytes memory content) internal view returns (bytes32) {
        return TypedData.digest(TypedData.domainSeparator("USDC", "2", address(usdc)), keccak256(content));
    }

    function _transferSignature(bytes32 typeHash) internal view returns (bytes memory) {
        return _sign(key, _digest(abi.encode(typeHash, owner, receiver, 30, AFTER, BEFORE, NONCE)));
    }

    function _split(bytes memory signature) internal pure returns (uint8 v, bytes32 r, bytes32 s) {
        v = uint8(signature[64]);
        assembly ("memory-safe") {
            r := mload(add(signature, 32))
            s := mload(add(signature, 64))
        }
    }

    function test_is_usdc_to_a_wallet() public view {
        vm.assertEq(keccak256(bytes(usdc.name())), keccak256("USDC"), "name");
        vm.assertEq(keccak256(bytes(usdc.symbol())), keccak256("USDC"), "symbol");
        vm.assertEq(keccak256(bytes(usdc.version())), keccak256("2"), "version");
        vm.assertEq(usdc.decimals(), 6, "decimals");
        vm.assertEq(
            usdc.DOMAIN_SEPARATOR(), TypedData.domainSeparator("USDC", "2", address(usdc)), "domain"
        );
    }

    function test_a_transfer_authorization_is_used_once_by_anybody_in_its_time() public {
        bytes memory signature = _transferSignature(usdc.TRANSFER_WITH_AUTHORIZATION_TYPEHASH());
        vm.warp(AFTER);
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.AuthorizationNotYetValid.selector, AFTER));
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
        vm.warp(BEFORE);
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.AuthorizationExpired.selector, BEFORE));
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
        vm.warp(START);
        vm.expectEmit(address(usdc));
        emit TestUsdc.AuthorizationUsed(payer, NONCE);
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
        vm.assertEq(usdc.balanceOf(receiver), 30, "moved");
        vm.assertTrue(usdc.authorizationState(payer, NONCE), "used");
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.AuthorizationSpent.selector, NONCE));
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
    }

    function test_both_forms_of_a_signature_are_taken() public {
        (uint8 v, bytes32 r, bytes32 s) = _split(_transferSignature(usdc.TRANSFER_WITH_AUTHORIZATION_TYPEHASH()));
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, v, r, s);
        vm.assertEq(usdc.balanceOf(receiver), 30, "moved");

        owner = address(new SmartAccount(payer));
        usdc.mint(owner, 30);
        (v, r, s) = _split(_transferSignature(usdc.RECEIVE_WITH_AUTHORIZATION_TYPEHASH()));
        vm.prank(receiver);
        usdc.receiveWithAuthorization(owner, receiver, 30, AFTER, BEFORE, NONCE, v, r, s);
        vm.assertEq(usdc.balanceOf(receiver), 60, "moved");
    }

    function test_a_receive_authorization_is_for_the_payee_alone() public {
        bytes memory signature = _transferSignature(usdc.RECEIVE_WITH_AUTHORIZATION_TYPEHASH());
        _expectRevert(TestUsdc.CallerIsNotPayee.selector);
        vm.prank(stranger);
        usdc.receiveWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
        _expectRevert(TestUsdc.AuthorizationSignature.selector);
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
        vm.prank(receiver);
        usdc.receiveWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
    }

    function test_a_cancelled_authorization_is_spent() public {
        bytes memory cancel = _sign(key, _digest(abi.encode(usdc.CANCEL_AUTHORIZATION_TYPEHASH(), payer, NONCE)));
        _expectRevert(TestUsdc.AuthorizationSignature.selector);
        usdc.cancelAuthorization(payer, bytes32(0), cancel);
        vm.expectEmit(address(usdc));
        emit TestUsdc.AuthorizationCanceled(payer, NONCE);
        usdc.cancelAuthorization(payer, NONCE, cancel);
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.AuthorizationSpent.selector, NONCE));
        usdc.cancelAuthorization(payer, NONCE, cancel);
        bytes memory signature = _transferSignature(usdc.TRANSFER_WITH_AUTHORIZATION_TYPEHASH());
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.AuthorizationSpent.selector, NONCE));
        usdc.transferWithAuthorization(payer, receiver, 30, AFTER, BEFORE, NONCE, signature);
    }

    function test_a_permit_is_signed_by_the_owner_and_used_once_in_time() public {
        (uint8 v, bytes32 r, bytes32 s) =
            _split(_sign(key, _digest(abi.encode(usdc.PERMIT_TYPEHASH(), payer, stranger, 20, 0, BEFORE))));
        vm.warp(BEFORE + 1);
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.PermitExpired.selector, BEFORE));
        usdc.permit(payer, stranger, 20, BEFORE, v, r, s);
        vm.warp(BEFORE);
        _expectRevert(TestUsdc.PermitSignature.selector);
        usdc.permit(payer, stranger, 21, BEFORE, v, r, s);
        usdc.permit(payer, stranger, 20, BEFORE, v, r, s);
        vm.assertEq(usdc.allowance(payer, stranger), 20, "allowance");
        _expectRevert(TestUsdc.PermitSignature.selector);
        usdc.permit(payer, stranger, 20, BEFORE, v, r, s);
    }
}
