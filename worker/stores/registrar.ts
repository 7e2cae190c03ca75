import type { InstanceId, OriginId, PoolName } from '../core/ids.ts';
import type { Leased, Registration } from '../core/registration.ts';
import type { Registrar, Unreachable } from '../ports.ts';

/** What a pool's monitor answers to an origin that comes and goes. */
export interface RegistrarObject {
  register(asked: Registration, max: number): Promise<Leased>;
  withdraw(origin: OriginId, instance: InstanceId, stamp: number): Promise<{ kind: 'withdrawn' }>;
}

export interface RegistrarObjects {
  getByName(name: string): RegistrarObject;
}

export interface RegistrarOptions {
  readonly pool: PoolName;
  readonly monitors: RegistrarObjects;
}

/** Asks once: the origin repeats what nobody answered. */
export function createRegistrar({ pool, monitors }: RegistrarOptions): Registrar {
  const attempt = async <Said>(
    ask: (monitor: RegistrarObject) => Promise<Said>,
  ): Promise<Said | Unreachable> => {
    try {
      return await ask(monitors.getByName(pool));
    } catch (error) {
      return { kind: 'unreachable', why: String(error) };
    }
  };
  return {
    register: (asked, max) => attempt((monitor) => monitor.register(asked, max)),
    withdraw: (origin, instance, stamp) => attempt((monitor) => monitor.withdraw(origin, instance, stamp)),
  };
}
