// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlementTypes} from "../BatchSettlementTypes.sol";
import {LocalPermit2} from "../LocalPermit2.sol";
import {Permit2Collector} from "../Permit2Collector.sol";
import {ReceiveAuthorizationCollector} from "../ReceiveAuthorizationCollector.sol";
import {IPermit2} from "../IPermit2.sol";
import {TestUsdc} from "../TestUsdc.sol";
import {SettlementStage} from "./support/SettlementStage.sol";
import {TypedData} from "./support/TypedData.sol";
import {vm} from "./support/Vm.sol";

contract CollectorsTest is SettlementStage {
    BatchSettlementTypes.ChannelConfig internal config;
    bytes32 internal id;
    uint256 internal constant END = START + 60;

    function setUp() public override {
        super.setUp();
        config = _config();
        id = _idOf(config);
        usdc.mint(payer, 1_000);
    }

    function _authorization(uint256 key, uint128 amount, uint256 salt) internal view returns (bytes memory) {
        bytes32 content = keccak256(
            abi.encode(
                usdc.RECEIVE_WITH_AUTHORIZATION_TYPEHASH(),
                payer,
                authorizationCollector,
                uint256(amount),
                uint256(0),
                END,
                keccak256(abi.encode(id, salt))
            )
        );
        bytes32 domain = TypedData.domainSeparator("USDC", "2", address(usdc));
        return abi.encode(0, END, salt, _sign(key, TypedData.digest(domain, content)));
    }

    function _permit2Data(uint256 key, uint128 amount, uint256 nonce, bytes memory permitData)
        internal
        view
        returns (bytes memory)
    {
        bytes32 permissions = keccak256(
            abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), address(usdc), uint256(amount))
        );
        bytes32 witness = keccak256(abi.encode(keccak256("DepositWitness(bytes32 channelId)"), id));
        bytes32 typeHash = keccak256(
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)"
        );
        bytes32 content = keccak256(abi.encode(typeHash, permissions, permit2Collector, nonce, END, witness));
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                address(permit2)
            )
        );
        vm.assertEq(permit2.DOMAIN_SEPARATOR(), domain, "Permit2 domain");
        return abi.encode(nonce, END, _sign(key, TypedData.digest(domain, content)), permitData);
    }

    function _permit(uint256 value) internal view returns (bytes memory) {
        bytes32 content = keccak256(
            abi.encode(usdc.PERMIT_TYPEHASH(), payer, address(permit2), value, usdc.nonces(payer), END)
        );
        (uint8 v, bytes32 r, bytes32 s) =
            vm.sign(PAYER_KEY, TypedData.digest(TypedData.domainSeparator("USDC", "2", address(usdc)), content));
        return abi.encode(value, END, v, r, s);
    }

    function _approve() internal {
        vm.prank(payer);
        usdc.approve(address(permit2), type(uint256).max);
    }

    function test_an_authorization_funds_its_channel_once_whoever_sends_it() public {
        bytes memory data = _authorization(PAYER_KEY, 50, 7);
        vm.prank(stranger);
        settlement.deposit(config, 50, authorizationCollector, data);
        _expectState(id, 50, 0);
        vm.assertEq(usdc.balanceOf(payer), 950, "paid");
        vm.expectRevert(abi.encodeWithSelector(TestUsdc.AuthorizationSpent.selector, keccak256(abi.encode(id, 7))));
        settlement.deposit(config, 50, authorizationCollector, data);
    }

    function test_an_authorization_holds_for_its_amount_channel_and_payer() public {
        bytes memory data = _authorization(PAYER_KEY, 50, 7);
        _expectRevert(TestUsdc.AuthorizationSignature.selector);
        settlement.deposit(config, 51, authorizationCollector, data);
        config.salt = bytes32(uint256(1));
        _expectRevert(TestUsdc.AuthorizationSignature.selector);
        settlement.deposit(config, 50, authorizationCollector, data);
        config.salt = 0;
        data = _authorization(STRANGER_KEY, 50, 7);
        _expectRevert(TestUsdc.AuthorizationSignature.selector);
        settlement.deposit(config, 50, authorizationCollector, data);
    }

    function test_nobody_but_the_settlement_contract_calls_a_collector() public {
        bytes memory data = _authorization(PAYER_KEY, 50, 7);
        _expectRevert(ReceiveAuthorizationCollector.OnlySettlement.selector);
        ReceiveAuthorizationCollector(authorizationCollector).collect(payer, address(usdc), 50, id, data);
        _approve();
        data = _permit2Data(PAYER_KEY, 50, 1, "");
        _expectRevert(Permit2Collector.OnlySettlement.selector);
        Permit2Collector(permit2Collector).collect(payer, address(usdc), 50, id, data);
    }

    function test_permit2_funds_its_channel_once_whoever_sends_it() public {
        _approve();
        bytes memory data = _permit2Data(PAYER_KEY, 50, 0x1ff, "");
        vm.prank(stranger);
        settlement.deposit(config, 50, permit2Collector, data);
        _expectState(id, 50, 0);
        vm.assertEq(usdc.balanceOf(payer), 950, "paid");
        vm.assertEq(permit2.nonceBitmap(payer, 1), 1 << 255, "nonce");
        _expectRevert(LocalPermit2.InvalidNonce.selector);
        settlement.deposit(config, 50, permit2Collector, data);
    }

    function test_permit2_holds_for_its_amount_channel_payer_and_time() public {
        _approve();
        bytes memory data = _permit2Data(PAYER_KEY, 50, 1, "");
        _expectRevert(LocalPermit2.InvalidSigner.selector);
        settlement.deposit(config, 51, permit2Collector, data);
        config.salt = bytes32(uint256(1));
        _expectRevert(LocalPermit2.InvalidSigner.selector);
        settlement.deposit(config, 50, permit2Collector, data);
        config.salt = 0;
        bytes memory forged = _permit2Data(STRANGER_KEY, 50, 1, "");
        _expectRevert(LocalPermit2.InvalidSigner.selector);
        settlement.deposit(config, 50, permit2Collector, forged);
        vm.warp(END + 1);
        vm.expectRevert(abi.encodeWithSelector(LocalPermit2.SignatureExpired.selector, END));
        settlement.deposit(config, 50, permit2Collector, data);
        vm.warp(END);
        settlement.deposit(config, 50, permit2Collector, data);
    }

    function test_permit2_gives_no_more_than_permitted_and_keeps_given_up_nonces() public {
        vm.expectRevert(abi.encodeWithSelector(LocalPermit2.InvalidAmount.selector, 5));
        permit2.permitWitnessTransferFrom(
            IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(address(usdc), 5), 0, END),
            IPermit2.SignatureTransferDetails(stranger, 6),
            payer,
            0,
            "",
            ""
        );
        _approve();
        vm.prank(payer);
        permit2.invalidateUnorderedNonces(0, 2);
        bytes memory data = _permit2Data(PAYER_KEY, 50, 1, "");
        _expectRevert(LocalPermit2.InvalidNonce.selector);
        settlement.deposit(config, 50, permit2Collector, data);
    }

    function test_a_permit_may_come_along_and_may_have_been_sent_ahead() public {
        bytes memory permitData = _permit(50);
        bytes memory data = _permit2Data(PAYER_KEY, 50, 1, permitData);
        settlement.deposit(config, 50, permit2Collector, data);
        _expectState(id, 50, 0);

        permitData = _permit(60);
        (uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) =
            abi.decode(permitData, (uint256, uint256, uint8, bytes32, bytes32));
        vm.prank(stranger);
        usdc.permit(payer, address(permit2), value, deadline, v, r, s);
        data = _permit2Data(PAYER_KEY, 60, 2, permitData);
        settlement.deposit(config, 60, permit2Collector, data);
        _expectState(id, 110, 0);
    }

    function test_without_an_allowance_permit2_moves_nothing() public {
        bytes memory data = _permit2Data(PAYER_KEY, 50, 1, "");
        (bool worked,) = address(settlement).call(
            abi.encodeCall(settlement.deposit, (config, 50, permit2Collector, data))
        );
        vm.assertTrue(!worked, "no allowance");
    }
}
