/* Which ids on the machine belong to which app: shared by the manager, root's helper, steadbox-run and the jobs that touch apps' files. */
#pragma once

#define APP_ID_BYTES 33
#define APP_SLOT_MAX 4095
/* Id range of slot n: APP_UID_BASE + n * 65536 .. + 65535. Slot 0 owns the images. Above systemd's container range, below the kernel's
 * reserved one (systemd's UIDS-GIDS.md). */
#define APP_UID_BASE 0x70000000u
#define APP_UIDS 65536u
