// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {BatchSettlementTypes} from "../../BatchSettlementTypes.sol";
import {TypedData} from "../support/TypedData.sol";
import {vm} from "../support/Vm.sol";
import {Cast} from "./Cast.sol";

/// @dev Does what the fuzzer says, honest and not. It counts breaches instead of stopping, so that an invariant can name
///      them; no function of it reverts.
contract Troupe is Cast {
    uint256 public earlyPayouts;
    uint256 public refusedClaims;
    uint256 public foreignChanges;
    uint256 public trespasses;
    uint256 public feesTaken;
    uint256 public forgeriesTaken;
    uint256 public wrongRefusals;

    uint256 public deposits;
    uint256 public claims;
    uint256 public claimsInDelay;
    uint256 public batches;
    uint256 public settlements;
    uint256 public withdrawals;
    uint256 public refunds;
    uint256 public forgeries;

    constructor() {
        _openCast();
    }

    /// @dev I8: whatever is done to one channel (or to two), the others stay as they are.
    modifier leavesOthers(uint256 first, uint256 second) {
        bytes32 before = _hashOthers(first % CHANNELS, second % CHANNELS);
        _;
        if (_hashOthers(first % CHANNELS, second % CHANNELS) != before) ++foreignChanges;
    }

    function deposit(uint256 seed, uint128 amount, uint256 sender) external leavesOthers(seed, seed) {
        uint256 index = seed % CHANNELS;
        uint128 value = uint128(_between(amount, 1, 1_000_000));
        bool worked = _send(
            _anybody(sender), abi.encodeCall(settlement.deposit, (roles[index].config, value, address(collector), ""))
        );
        if (!worked) {
            ++wrongRefusals;
            return;
        }
        ++deposits;
        promises[index].deposited += value;
    }

    function depositOfFeeToken(uint128 amount) external leavesOthers(CHANNELS, CHANNELS) {
        BatchSettlementTypes.ChannelConfig memory config = roles[0].config;
        config.token = address(feeToken);
        uint128 value = uint128(_between(amount, 2, 1_000_000));
        if (_send(payer, abi.encodeCall(settlement.deposit, (config, value, address(collector), "")))) ++feesTaken;
    }

    function claim(uint256 seed, uint128 ceiling, uint128 total, bool byAuthorizer) external leavesOthers(seed, seed) {
        uint256 index = seed % CHANNELS;
        BatchSettlementTypes.VoucherClaim memory row = _signedRow(index, ceiling, total);
        address authorizer = roles[index].config.receiverAuthorizer;
        address sender = byAuthorizer ? authorizer : roles[index].config.receiver;
        _noteClaim(index, row, _send(sender, abi.encodeCall(settlement.claim, (_rows(row)))));
    }

    /// @dev Two rows of one authorizer, sent by anybody; the second may be the first again.
    function claimBatch(uint256 seed, uint256 otherSeed, uint128 total, uint256 sender)
        external
        leavesOthers(seed, (seed % CHANNELS < 3) ? otherSeed % 3 : 3 + otherSeed % 2)
    {
        uint256 first = seed % CHANNELS;
        uint256 second = first < 3 ? otherSeed % 3 : 3 + otherSeed % 2;
        BatchSettlementTypes.VoucherClaim[] memory rows =
            _rows(_signedRow(first, total, total), _signedRow(second, total, total));
        bytes32 digest = TypedData.claimBatch(address(settlement), rows);
        bytes memory signature = _sign(roles[first].authorizerKey, digest);
        bool worked = _send(_anybody(sender), abi.encodeCall(settlement.claimWithSignature, (rows, signature)));
        // One row that may not be booked stops both: then nothing is promised and nothing may be booked.
        if (worked != (_isClaimable(first, rows[0]) && _isClaimable(second, rows[1]))) ++refusedClaims;
        if (!worked) return;
        ++batches;
        _book(first, rows[0].totalClaimed);
        _book(second, rows[1].totalClaimed);
    }

    /// @dev Vouchers that nobody owes: wrong key, other channel, raised, twin, short, other contract, other chain.
    function forgeClaim(uint256 seed, uint256 kind, uint128 amount) external leavesOthers(CHANNELS, CHANNELS) {
        uint256 index = seed % CHANNELS;
        Promise memory promised = promises[index];
        uint256 room = promised.deposited - promised.paidBack;
        if (room <= promised.claimed) return;
        uint128 total = uint128(_between(amount, promised.claimed + 1, room));
        BatchSettlementTypes.VoucherClaim memory row = _row(STRANGER_KEY, roles[index].config, total, total);
        uint256 key = roles[index].voucherKey;
        kind %= 7;
        if (kind == 1) row.signature = _row(key, roles[(index + 1) % CHANNELS].config, total, total).signature;
        if (kind == 2) row.signature = _row(key, roles[index].config, total - 1, total).signature;
        if (kind == 3) {
            bool isOwnSigner = index == 3;
            // An account contract decides for itself what it takes; the others refuse the twin.
            if (isOwnSigner) return;
            row.signature = _malleate(_row(key, roles[index].config, total, total).signature);
        }
        if (kind == 4) row.signature = "";
        if (kind == 5) row.signature = _sign(key, TypedData.voucher(address(this), roles[index].id, total));
        if (kind == 6) {
            vm.chainId(1);
            row.signature = _sign(key, TypedData.voucher(address(settlement), roles[index].id, total));
            vm.chainId(31_337);
        }
        ++forgeries;
        if (_send(roles[index].config.receiver, abi.encodeCall(settlement.claim, (_rows(row))))) ++forgeriesTaken;
    }

    function forgeBatch(uint256 seed, uint128 total, bool byPayer) external leavesOthers(CHANNELS, CHANNELS) {
        uint256 index = seed % CHANNELS;
        BatchSettlementTypes.VoucherClaim[] memory rows = _rows(_signedRow(index, total, total));
        bytes32 digest = TypedData.claimBatch(address(settlement), rows);
        bytes memory signature = _sign(byPayer ? roles[index].voucherKey : STRANGER_KEY, digest);
        ++forgeries;
        if (_send(stranger, abi.encodeCall(settlement.claimWithSignature, (rows, signature)))) ++forgeriesTaken;
    }

    function settle(uint256 seed, uint256 sender) external leavesOthers(CHANNELS, CHANNELS) {
        address to = roles[seed % CHANNELS].config.receiver;
        uint256 due = _claimedFor(to) - settled[to];
        if (!_send(_anybody(sender), abi.encodeCall(settlement.settle, (to, address(usdc))))) ++wrongRefusals;
        else if (due > 0) ++settlements;
        settled[to] += due;
    }

    function initiateWithdraw(uint256 seed, uint128 amount, bool byAuthorizer) external leavesOthers(seed, seed) {
        uint256 index = seed % CHANNELS;
        Promise storage promised = promises[index];
        uint256 free = promised.deposited - promised.paidBack - promised.claimed;
        uint128 value = uint128(amount % 2 == 0 ? free : _between(amount, 0, free + 1));
        bool worked = _send(
            _payerSide(index, byAuthorizer), abi.encodeCall(settlement.initiateWithdraw, (roles[index].config, value))
        );
        if (worked != (promised.announcedAt == 0 && value > 0 && value <= free)) ++wrongRefusals;
        if (!worked || promised.announcedAt != 0) return;
        promised.announced = value;
        promised.announcedAt = block.timestamp;
    }

    function finalizeWithdraw(uint256 seed, bool byAuthorizer) external leavesOthers(seed, seed) {
        uint256 index = seed % CHANNELS;
        Promise storage promised = promises[index];
        address to = roles[index].config.payer;
        uint256 before = usdc.balanceOf(to);
        bool worked = _send(
            _payerSide(index, byAuthorizer), abi.encodeCall(settlement.finalizeWithdraw, (roles[index].config))
        );
        bool due = _isDue(index);
        if (worked && !due) ++earlyPayouts;
        if (!worked && due) ++wrongRefusals;
        if (!worked) return;
        ++withdrawals;
        uint256 free = promised.deposited - promised.paidBack - promised.claimed;
        uint256 expected = promised.announced < free ? promised.announced : free;
        if (usdc.balanceOf(to) - before != expected) ++trespasses;
        promised.paidBack += expected;
        (promised.announced, promised.announcedAt) = (0, 0);
    }

    function refund(uint256 seed, uint128 amount, bool signed, uint256 sender) external leavesOthers(seed, seed) {
        uint256 index = seed % CHANNELS;
        uint128 value = uint128(_between(amount, 1, 300_000));
        uint256 nonce = settlement.refundNonce(roles[index].id);
        bytes memory signature =
            _sign(roles[index].authorizerKey, TypedData.refund(address(settlement), roles[index].id, nonce, value));
        bool worked = signed
            ? _send(
                _anybody(sender),
                abi.encodeCall(settlement.refundWithSignature, (roles[index].config, value, nonce, signature))
            )
            : _send(roles[index].config.receiver, abi.encodeCall(settlement.refund, (roles[index].config, value)));
        if (!worked || settlement.refundNonce(roles[index].id) != nonce + 1) {
            ++wrongRefusals;
            return;
        }
        ++refunds;
        _noteRefund(index, value);
        // The same signature a second time.
        if (
            signed
                && _send(
                    stranger,
                    abi.encodeCall(settlement.refundWithSignature, (roles[index].config, value, nonce, signature))
                )
        ) ++forgeriesTaken;
    }

    /// @dev I9 and I6: a stranger, and each side where only the other may, tries every door.
    function trespass(uint256 seed, uint256 door, uint128 amount) external leavesOthers(CHANNELS, CHANNELS) {
        Role memory role = roles[seed % CHANNELS];
        uint128 value = uint128(_between(amount, 1, 1_000));
        // Nobody but the payer may end what is due.
        door = _isDue(seed % CHANNELS) ? 1 : door % 5;
        bytes memory call;
        if (door == 0) call = abi.encodeCall(settlement.initiateWithdraw, (role.config, value));
        if (door == 1) call = abi.encodeCall(settlement.finalizeWithdraw, (role.config));
        if (door == 2) call = abi.encodeCall(settlement.refund, (role.config, value));
        if (door == 3) call = abi.encodeCall(settlement.claim, (_rows(_signedRow(seed % CHANNELS, value, value))));
        if (door == 4) {
            uint256 nonce = settlement.refundNonce(role.id);
            bytes memory signature =
                _sign(role.voucherKey, TypedData.refund(address(settlement), role.id, nonce, value));
            call = abi.encodeCall(settlement.refundWithSignature, (role.config, value, nonce, signature));
        }
        address wrongSide = door < 2 ? role.config.receiver : role.config.payer;
        if (!_send(stranger, call) && !_send(wrongSide, call)) return;
        if (door == 4) ++forgeriesTaken;
        else ++trespasses;
    }

    /// @dev Time only runs forward: from a second to six weeks, mostly around the delays.
    function pass(uint256 secondsSeed) external {
        uint256[6] memory spans =
            [uint256(1), 15 minutes - 1, 15 minutes, 1 hours, 1 days, 30 days];
        vm.warp(block.timestamp + spans[secondsSeed % 6]);
    }

    function _noteClaim(uint256 index, BatchSettlementTypes.VoucherClaim memory row, bool worked) private {
        bool valid = _isClaimable(index, row);
        // I7: a valid claim is never refused, least of all while the payer waits for its money; an invalid one always.
        if (worked != valid) ++refusedClaims;
        if (!worked || !valid) return;
        if (promises[index].announcedAt != 0 && row.totalClaimed > promises[index].claimed) ++claimsInDelay;
        ++claims;
        _book(index, row.totalClaimed);
    }

    function _isClaimable(uint256 index, BatchSettlementTypes.VoucherClaim memory row) private view returns (bool) {
        Promise memory promised = promises[index];
        if (row.totalClaimed <= promised.claimed) return true;
        return row.totalClaimed <= row.voucher.maxClaimableAmount
            && row.totalClaimed <= promised.deposited - promised.paidBack;
    }

    function _book(uint256 index, uint256 total) private {
        if (total > promises[index].claimed) promises[index].claimed = total;
    }

    function _noteRefund(uint256 index, uint256 value) private {
        Promise storage promised = promises[index];
        uint256 free = promised.deposited - promised.paidBack - promised.claimed;
        uint256 paid = value < free ? value : free;
        promised.paidBack += paid;
        if (paid >= promised.announced && paid > 0) (promised.announced, promised.announcedAt) = (0, 0);
        else promised.announced -= paid;
    }

    /// @dev The right key signs the ceiling: from then on the payer owes up to it.
    function _signedRow(uint256 index, uint128 ceiling, uint128 total)
        private
        returns (BatchSettlementTypes.VoucherClaim memory)
    {
        Promise storage promised = promises[index];
        // From half of what is booked to a little above a quarter of what is left; often the ceiling itself, or one above.
        uint256 booked = promised.claimed;
        uint256 left = promised.deposited - promised.paidBack - booked;
        uint128 limit = uint128(_between(ceiling, booked / 2 + 1, booked + left / 4 + 10));
        if (limit > promised.signed) promised.signed = limit;
        uint128 claimed = total % 4 == 3 ? limit + 1 : uint128(_between(total, booked / 2, limit));
        if (total % 4 == 2) claimed = limit;
        return _row(roles[index].voucherKey, roles[index].config, limit, claimed);
    }

    function _claimedFor(address to) private view returns (uint256 sum) {
        for (uint256 index = 0; index < CHANNELS; ++index) {
            if (roles[index].config.receiver == to) sum += promises[index].claimed;
        }
    }

    function _isDue(uint256 index) private view returns (bool) {
        uint256 since = promises[index].announcedAt;
        return since != 0 && block.timestamp >= since + roles[index].config.withdrawDelay;
    }

    function _payerSide(uint256 index, bool byAuthorizer) private view returns (address) {
        address authorizer = roles[index].config.payerAuthorizer;
        return byAuthorizer && authorizer != address(0) ? authorizer : roles[index].config.payer;
    }

    function _anybody(uint256 seed) private view returns (address) {
        address[3] memory people = [stranger, payer, receiver];
        return people[seed % 3];
    }

    function _send(address sender, bytes memory call) private returns (bool worked) {
        vm.prank(sender);
        (worked,) = address(settlement).call(call);
    }

    function _between(uint256 value, uint256 least, uint256 most) private pure returns (uint256) {
        return least + value % (most - least + 1);
    }

    function _hashOthers(uint256 first, uint256 second) private view returns (bytes32 hash) {
        for (uint256 index = 0; index < CHANNELS; ++index) {
            if (index == first || index == second) continue;
            (uint128 balance, uint128 claimed) = settlement.channels(roles[index].id);
            (uint128 amount, uint40 since) = settlement.pendingWithdrawals(roles[index].id);
            hash = keccak256(
                abi.encode(hash, balance, claimed, amount, since, settlement.refundNonce(roles[index].id))
            );
        }
    }
}
