import type { ComponentChildren } from 'preact';

/** A region with a heading; `name` is unique on the page. */
export function Card(props: { name: string; heading: string; aside?: ComponentChildren; children: ComponentChildren }) {
  const { name, heading, aside, children } = props;
  return (
    <section class={`card card-${name}`} aria-labelledby={`${name}-heading`}>
      <div class="card-head">
        <h2 id={`${name}-heading`}>{heading}</h2>
        {aside}
      </div>
      {children}
    </section>
  );
}

/** Label and value pairs; rows whose value is null are left out. */
export function Facts({ rows }: { rows: readonly (readonly [string, ComponentChildren])[] }) {
  return (
    <dl class="facts">
      {rows
        .filter(([, value]) => value !== null)
        .map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}
