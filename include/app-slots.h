/* Ids of apps. Slot n of 1 .. APP_SLOT_MAX owns the id range APP_UID_BASE + n * APP_UIDS and the addresses of that number; slot 0 owns the
 * images. Above systemd's container range, below the kernel's reserved one (systemd's UIDS-GIDS.md). */
#pragma once

#define APP_ID_BYTES 33
#define APP_SLOT_MAX 4095
#define APP_UID_BASE 0x70000000u
#define APP_UIDS 65536u
#define APP_LINK_PREFIX "sb-" /* and the slot: the machine's end of an app's link */
