/** Milliseconds that one piece of work may keep the GPU: while somebody uses the machine, a picture comes every 16; otherwise nobody waits. */
const sliceTargetsMs = { present: 8, away: 50 } as const;

/** Somebody who typed or moved within this is there. */
const presentSeconds = 60;

/** Is somebody at the machine, by the seconds since its last input? */
export function isPresent(idleSeconds: number): boolean {
  return idleSeconds < presentSeconds;
}

/** For every call that computes: the worker cuts its work to it. */
export function sliceTargetMs(isOwnerPresent: boolean): number {
  return isOwnerPresent ? sliceTargetsMs.present : sliceTargetsMs.away;
}
