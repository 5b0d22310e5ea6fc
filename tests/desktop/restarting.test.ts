import { expect, test } from 'vitest';
import { createRestartPolicy } from '../../main/desktop/restart-policy.ts';
import { createSupervisor } from '../../main/desktop/supervisor.ts';
import { createFakeTime } from './electron-fakes.ts';

function createSupervised() {
  const time = createFakeTime();
  const lives: { end(reason: string): void; ended: boolean }[] = [];
  const news: string[] = [];
  const supervisor = createSupervisor({
    start(onEnded) {
      const life = { end: onEnded, ended: false };
      lives.push(life);
      return { end: () => void (life.ended = true) };
    },
    policy: createRestartPolicy(time.nowMs),
    schedule: time.schedule,
    onEnded: (reason, delayMs) => news.push(`${reason} ${delayMs}`),
  });
  return { time, lives, news, supervisor };
}

test('a process that keeps crashing is started ever later, at most a minute apart', () => {
  const { time, lives, news, supervisor } = createSupervised();
  supervisor.start();
  for (let crash = 0; crash < 10; crash++) {
    lives.at(-1)?.end('crashed');
    time.advance(60_000);
  }
  expect(news.map((line) => Number(line.split(' ')[1]))).toEqual([
    500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000,
  ]);
  expect(lives).toHaveLength(11);
});

test('a process that ran well starts from the shortest wait again', () => {
  const { time, lives, news, supervisor } = createSupervised();
  supervisor.start();
  for (let crash = 0; crash < 3; crash++) {
    lives.at(-1)?.end('crashed');
    time.advance(2000);
  }
  time.advance(120_000);
  lives.at(-1)?.end('crashed');
  expect(news).toEqual(['crashed 500', 'crashed 1000', 'crashed 2000', 'crashed 500']);
});

test('an end that was asked for is no crash', () => {
  const { time, lives, news, supervisor } = createSupervised();
  supervisor.start();
  supervisor.stop();
  lives[0]?.end('killed');
  time.advance(60_000);
  expect([lives.length, lives[0]?.ended, news]).toEqual([1, true, []]);
});

test('a stop cancels a start that was planned', () => {
  const { time, lives, supervisor } = createSupervised();
  supervisor.start();
  lives[0]?.end('crashed');
  supervisor.stop();
  time.advance(60_000);
  expect(lives).toHaveLength(1);
});

test('a restart replaces the process at once, and the old one ending later is no news', () => {
  const { lives, news, supervisor } = createSupervised();
  supervisor.start();
  supervisor.restart();
  lives[0]?.end('killed');
  expect([lives.length, lives[0]?.ended, lives[1]?.ended, news]).toEqual([2, true, false, []]);
});

test('a useless process is ended and started again with back-off, once, however often it is reported', () => {
  const { time, lives, news, supervisor } = createSupervised();
  supervisor.start();
  supervisor.fail('hung');
  supervisor.fail('hung');
  expect([lives[0]?.ended, news, time.planned]).toEqual([true, ['hung 500'], [500]]);
  time.advance(500);
  expect(lives).toHaveLength(2);
});

test('a process that is let go ends by itself and is not started again', () => {
  const { time, lives, news, supervisor } = createSupervised();
  supervisor.start();
  supervisor.letGo();
  lives[0]?.end('done');
  time.advance(60_000);
  expect([lives.length, lives[0]?.ended, news]).toEqual([1, false, []]);
});
