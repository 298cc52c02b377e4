/* Inside of the tool that makes manual pages; see pages.c. */
#ifndef MAN_PAGES_H
#define MAN_PAGES_H

/* Texts of tables as mdoc, a sentence a line. */
void text_print(const char *);
/* A page with lists of commands and flags, from standard input to standard
 * output; the exit status. */
int commands_main(void);

#endif
