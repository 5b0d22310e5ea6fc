/** A canvas cannot read style sheets: the colours are computed on elements, which also honours forced colours. */
export interface ChartTheme {
  readonly text: string;
  readonly grid: string;
  readonly line: string;
  readonly fill: string;
  readonly font: string;
}

export function readChartTheme(element: HTMLElement): ChartTheme {
  const style = getComputedStyle(element);
  const forced = matchMedia('(forced-colors: active)').matches;
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    text: forced ? 'CanvasText' : read('--ink-quiet'),
    grid: forced ? 'GrayText' : read('--line'),
    line: forced ? 'Highlight' : read('--ember'),
    fill: forced ? 'transparent' : read('--ember-wash'),
    font: `12px ${style.fontFamily}`,
  };
}
