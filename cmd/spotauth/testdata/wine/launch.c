/*
 * launch PROGRAM ... runs a program with the folders of the user that Unix's
 * environment names: wine has one user, and the tests have many.
 */
#include <stdio.h>
#include <windows.h>

static BOOL WINAPI leave_ctrl_c_to_the_program(DWORD event) { return event == CTRL_C_EVENT; }

static void use_folder(const wchar_t *variable, const wchar_t *xdg) {
	wchar_t path[MAX_PATH] = L"Z:", *c;

	if (!GetEnvironmentVariableW(xdg, path + 2, MAX_PATH - 2))
		return;
	for (c = path; *c; c++)
		if (*c == L'/')
			*c = L'\\';
	SetEnvironmentVariableW(variable, path);
}

static void use_home(void) { /* wine hides HOME, and shows \??\Z:\home\someone */
	wchar_t path[MAX_PATH];

	if (GetEnvironmentVariableW(L"WINEHOMEDIR", path, MAX_PATH) > 4)
		SetEnvironmentVariableW(L"USERPROFILE", path + 4);
}

int main(void) {
	STARTUPINFOW start = {.cb = sizeof start};
	PROCESS_INFORMATION process;
	DWORD status = 100;
	wchar_t *command = wcschr(GetCommandLineW(), L' ') + 1;

	use_home();
	use_folder(L"APPDATA", L"XDG_CONFIG_HOME");
	use_folder(L"LOCALAPPDATA", L"XDG_STATE_HOME");
	SetConsoleCtrlHandler(leave_ctrl_c_to_the_program, TRUE);
	if (CreateProcessW(NULL, command, NULL, NULL, TRUE, 0, NULL, NULL, &start, &process)) {
		WaitForSingleObject(process.hProcess, INFINITE);
		GetExitCodeProcess(process.hProcess, &status);
	}
	if (status > 255) /* more than Unix can tell */
		fprintf(stderr, "launch: ended with %#lx\n", status);
	return status;
}
