/** Line icons on a 24 grid in the colour of the text; every one stands beside a word, so all are hidden from readers. */
import type { ComponentChildren } from 'preact';
import type { AlarmSeverity, NodeStateName } from '../../protocol/node-api.ts';

function Icon({ children, className = 'icon' }: { children: ComponentChildren; className?: string }) {
  return (
    <svg class={className} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export function Flame({ className }: { className?: string }) {
  return (
    <Icon className={className ?? 'icon'}>
      <path d="M12.4 2.8c.7 3.6-4.9 6-4.9 11.1a5.2 5.2 0 0 0 10.4 0c0-2.9-1.5-4.6-2.5-6.1-.2 1.4-.7 2.3-1.5 2.8.3-3.4-.1-5.9-1.5-7.8z" />
    </Icon>
  );
}

const dots = (
  <Icon className="state-icon">
    <circle cx="5" cy="12" r="1.8" />
    <circle cx="12" cy="12" r="1.8" />
    <circle cx="19" cy="12" r="1.8" />
  </Icon>
);

const triangle = <path d="M12 4 2.8 20h18.4zM12 10v5M12 17.6v.2" />;

/** A shape for each severity too. */
export function AlarmIcon({ severity }: { severity: AlarmSeverity }) {
  switch (severity) {
    case 'urgent':
      return <Icon className="alarm-icon">{triangle}</Icon>;
    case 'warning':
      return (
        <Icon className="alarm-icon">
          <circle cx="12" cy="12" r="9" />
          <path d="M12 7v6M12 16.6v.2" />
        </Icon>
      );
    case 'notice':
      return (
        <Icon className="alarm-icon">
          <circle cx="12" cy="12" r="9" />
          <path d="M12 11v6M12 7.2v.2" />
        </Icon>
      );
  }
}

/** Every state has a shape of its own: none is told by colour alone. The tray uses the same shapes. */
export function StateIcon({ name }: { name: NodeStateName }) {
  switch (name) {
    case 'starting':
    case 'pausing':
      return dots;
    case 'working':
      return <Flame className="state-icon" />;
    case 'paused':
      return (
        <Icon className="state-icon">
          <path d="M9 5v14M15 5v14" />
        </Icon>
      );
    case 'blocked':
      return <Icon className="state-icon">{triangle}</Icon>;
    case 'finishing':
      return (
        <Icon className="state-icon">
          <path d="m4.5 12.5 5 5 10-11" />
        </Icon>
      );
    case 'off':
    case 'waiting':
      return (
        <Icon className="state-icon">
          <circle cx="12" cy="12" r="8" />
        </Icon>
      );
  }
}
