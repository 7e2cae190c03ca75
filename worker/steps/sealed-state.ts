import type { Keyring } from '../core/keyring.ts';
import type { SessionId } from '../core/ids.ts';
import { pack, unpack } from '../core/packing.ts';
import type { SealedState } from '../ports.ts';

/** A state as it is stored: packed where that pays, then sealed, so that no byte is unpacked that this deployment has not packed. */
export async function sealed(
  keyring: Keyring,
  session: SessionId,
  epoch: number,
  state: Uint8Array<ArrayBuffer>,
): Promise<SealedState> {
  const bytes = await pack(state);
  return { bytes, epoch, seal: await keyring.sealState(session, epoch, bytes) };
}

/** The state as the origin gave it; undefined where the seal does not fit: then nothing of it is read. */
export async function unsealed(
  keyring: Keyring,
  session: SessionId,
  { bytes, epoch, seal }: SealedState,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  return (await keyring.stateIntact(session, epoch, bytes, seal)) ? unpack(bytes) : undefined;
}
