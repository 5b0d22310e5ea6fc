import { useEffect, useRef } from 'preact/hooks';
import './usable-language.ts';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { EarningsSnapshot } from '../../../protocol/node-api.ts';
import { formatAxisAmount, formatClock, formatDay, formatMoney } from '../i18n/format.ts';
import { translate } from '../i18n/messages.ts';
import { readChartTheme } from './chart-theme.ts';

const leastHeightPixels = 150;
const daySeconds = 86_400;
/** From a second to a quarter of a year: no two ticks of one chart read the same. */
const timeStepsSeconds = [1, 5, 15, 60, 300, 900, 3600, 10_800, 21_600, daySeconds, 7 * daySeconds, 91 * daySeconds];

function formatTimes(ticks: readonly number[]): string[] {
  const step = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((tick) => (step >= daySeconds ? formatDay(tick * 1000) : formatClock(tick * 1000)));
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: element.clientWidth, height: Math.max(leastHeightPixels, element.clientHeight) };
}

/** Pixels need no exactness: amounts become floats here and nowhere else. */
function toChartData({ series, decimals }: EarningsSnapshot): uPlot.AlignedData {
  const scale = 10 ** decimals;
  return [series.map(({ atMs }) => atMs / 1000), series.map(({ earned }) => Number(earned) / scale)];
}

export function EarningsChart({ earnings }: { earnings: EarningsSnapshot }) {
  const host = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const latest = useRef(earnings);
  latest.current = earnings;

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    const draw = (): void => {
      chart.current?.destroy();
      chart.current = new uPlot(createOptions(element, latest.current.decimals), toChartData(latest.current), element);
    };
    draw();
    const resizes = new ResizeObserver(() => chart.current?.setSize(sizeOf(element)));
    resizes.observe(element);
    const queries = [matchMedia('(prefers-color-scheme: dark)'), matchMedia('(forced-colors: active)')];
    for (const query of queries) query.addEventListener('change', draw);
    return () => {
      resizes.disconnect();
      for (const query of queries) query.removeEventListener('change', draw);
      chart.current?.destroy();
      chart.current = null;
    };
  }, []);

  useEffect(() => chart.current?.setData(toChartData(earnings)), [earnings]);

  return <div class="chart" ref={host} role="img" aria-label={describe(earnings)} />;
}

function describe(earnings: EarningsSnapshot): string {
  const first = earnings.series[0];
  const last = earnings.series.at(-1);
  if (first === undefined || last === undefined) return translate('earnings.empty');
  return translate('earnings.chart', {
    first: formatMoney(first.earned, earnings),
    from: formatClock(first.atMs),
    last: formatMoney(last.earned, earnings),
    to: formatClock(last.atMs),
  });
}

/** Money arrives in steps and stays: a slope between two points would show earnings that never were. */
function createOptions(element: HTMLElement, decimals: number): uPlot.Options {
  const theme = readChartTheme(element);
  const axis: uPlot.Axis = {
    stroke: theme.text,
    font: theme.font,
    grid: { stroke: theme.grid, width: 1 },
    ticks: { show: false },
    gap: 6,
  };
  const steps = uPlot.paths.stepped?.({ align: 1 });
  return {
    ...sizeOf(element),
    padding: [8, 4, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_chart, _minimum, maximum) => [0, maximum === 0 ? 1 : maximum * 1.08] } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 26,
        space: 90,
        incrs: timeStepsSeconds,
        values: (_chart, ticks) => formatTimes(ticks),
      },
      {
        ...axis,
        size: 62,
        space: 28,
        values: (_chart, ticks) => ticks.map((tick) => formatAxisAmount(tick, decimals)),
      },
    ],
    series: [
      {},
      {
        stroke: theme.line,
        fill: theme.fill,
        width: 2,
        points: { show: false },
        ...(steps === undefined ? {} : { paths: steps }),
      },
    ],
  };
}
