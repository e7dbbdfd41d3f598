/*
 * hold SHARE FILE COMMAND ... runs a command while it has a file open, which
 * others may read (r), write (w) and delete or rename (d) as SHARE says.
 */
#include <process.h>
#include <string.h>
#include <windows.h>

static DWORD if_any(const char *share, char letter, DWORD right) { return strchr(share, letter) ? right : 0; }

int main(int argc, char **argv) {
	DWORD share = argc < 4 ? 0
	                       : if_any(argv[1], 'r', FILE_SHARE_READ) | if_any(argv[1], 'w', FILE_SHARE_WRITE) |
	                             if_any(argv[1], 'd', FILE_SHARE_DELETE);
	if (argc < 4 || CreateFileA(argv[2], GENERIC_READ, share, NULL, OPEN_EXISTING, 0, NULL) == INVALID_HANDLE_VALUE)
		return 100;
	return _spawnvp(_P_WAIT, argv[3], (const char *const *)argv + 3);
}
